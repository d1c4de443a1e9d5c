"""What is to be done, without doing it.

Everything that takes more than one step (repeating a request, waiting, pages, events) is a *flow*:
a generator that yields commands and is told what came of them. The two faces of this package, with
and without `async`, only carry commands out (`transport`); so they cannot differ in anything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

from . import answers, plain
from .errors import AddressError, Mistake, Problem, ProtocolError, Unreachable

T = TypeVar("T")

#: Where a host listens unless it is told otherwise.
DEFAULT_SERVER = "http://127.0.0.1:7070"

#: The pauses between repetitions, in seconds: short at first, since a host restarts in a second.
PAUSE_MIN = 0.05
PAUSE_MAX = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a host."""

    method: str
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = "application/json"
    #: How long the host was asked to wait, in seconds.
    waiting: float = 0.0
    #: Whether it would do its work twice: then it is sent again only if it surely never arrived.
    once: bool = False
    #: Of events: after which one to go on.
    last_event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered."""

    url: str
    status: int
    body: bytes


class Unreached(Exception):
    """No answer came. Raised into a flow, which decides what to do."""

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send a request, give its `Answer`, or raise `Unreached`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Pause:
    """Go on after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Open:
    """As `Transmit`, but leave the body of an answer that is no refusal to `Read`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Read:
    """Give the next piece of what is open; nothing at its end; or raise `Unreached`."""


@dataclass(frozen=True, slots=True)
class Emit:
    """Hand an item to whoever iterates."""

    item: Any


Command: TypeAlias = Transmit | Pause | Open | Read | Emit

#: A generator of commands that returns a `T` in the end.
Flow: TypeAlias = Generator[Command, Any, T]


@dataclass(frozen=True, slots=True)
class Emits(Generic[T]):
    """A flow that hands out items of type `T`."""

    flow: Flow[None]


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """A request, and what its answer is read as."""

    request: Request
    read: Callable[[bytes], T]


@dataclass(frozen=True, slots=True)
class Core:
    """A client of one host, without its network."""

    server: str
    token: str | None
    #: For how long requests are repeated while the host cannot be reached, in seconds.
    patience: float

    @classmethod
    def of(cls, server: str, token: str | None, patience: float) -> Core:
        """Checks the address."""
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https"):
            raise AddressError(server, "it begins with neither http:// nor https://")
        if not parts.hostname:
            raise AddressError(server, "it names no host")
        return cls(server.rstrip("/"), token, patience)

    def url(self, request: Request) -> str:
        """Where a request goes, without its query."""
        return "/".join([self.server, *(quote(part, safe="") for part in request.path)])

    def headers(self, request: Request) -> dict[str, str]:
        """What goes along with it."""
        headers = {}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        if request.body is not None:
            headers["content-type"] = request.content_type
        if request.last_event_id is not None:
            headers["last-event-id"] = request.last_event_id
        return headers

    def ask(self, ask: Ask[T]) -> Flow[T]:
        """Sends a request, repeating it while the host cannot be reached and patience lasts."""
        request = ask.request
        give_up = time.monotonic() + self.patience
        pause = PAUSE_MIN
        while True:
            try:
                answer: Answer = yield Transmit(request)
                break
            except Unreached as error:
                is_safe = not (request.once and error.may_have_arrived)
                if not is_safe or time.monotonic() + pause >= give_up:
                    raise Unreachable(self.server, str(error)) from error
            yield Pause(pause)
            pause = min(pause * 2, PAUSE_MAX)
        accept(answer)
        return understood(answer.url, lambda: ask.read(answer.body))


def accept(answer: Answer) -> None:
    """Raises the problem that an answer states."""
    if 200 <= answer.status < 300:
        return
    try:
        body = plain.loads(answer.body)
        raise Problem(
            status=int(body["status"]),
            code=str(body["code"]),
            title=str(body["title"]),
            detail=str(body["detail"]),
            type=str(body.get("type", "")),
            hint=body.get("hint"),
            mistakes=tuple(
                Mistake(str(one["place"]), str(one["message"])) for one in body.get("errors", [])
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        start = answer.body.decode(errors="replace").strip()[:120]
        reason = f"status {answer.status} without a problem: {start!r}"
        raise ProtocolError(answer.url, reason) from None


def understood(url: str, read: Callable[[], T]) -> T:
    """What `read` gives, or what is not understood about it."""
    try:
        return read()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(url, str(error) or type(error).__name__) from error


def item(kind: type[T]) -> Callable[[bytes], T]:
    """Reads a body that is one thing."""
    return lambda body: answers.read(kind, plain.loads(body))


def items(kind: type[T]) -> Callable[[bytes], list[T]]:
    """Reads a body that is a page of which there is no next one."""
    return lambda body: page(kind)(body).items


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list."""

    items: list[T]
    #: What to ask for to get what follows; none on the last page.
    next: str | None


def page(kind: type[T]) -> Callable[[bytes], Page[T]]:
    """Reads a page."""

    def read(body: bytes) -> Page[T]:
        json = plain.loads(body)
        return Page([answers.read(kind, one) for one in json["items"]], json.get("next"))

    return read


def nothing(_: bytes) -> None:
    """Reads an answer that says nothing beyond that it is done."""


def pages(core: Core, first: Ask[Page[T]]) -> Emits[T]:
    """Every item of a list, page after page."""

    def flow() -> Flow[None]:
        ask = first
        while True:
            found = yield from core.ask(ask)
            for one in found.items:
                yield Emit(one)
            if found.next is None:
                return
            query = (*(pair for pair in first.request.query if pair[0] != "page"),)
            ask = Ask(replaced(first.request, (*query, ("page", found.next))), first.read)

    return Emits(flow())


def replaced(request: Request, query: tuple[tuple[str, str], ...]) -> Request:
    """The same request with another query."""
    return Request(request.method, request.path, query, waiting=request.waiting)
