"""Enqueueing calls, and asking for invocations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .. import plain
from ..answers import Attempt, Bulk, Invocation, LogChunk, Why
from ..calls import Call
from ..flows import Ask, Core, Flow, Page, Request, item, items, page
from ..settings import Filter

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")

#: How many calls one request enqueues at most, and how many bytes of them: less than a host takes,
#: and so many that commits do not count.
CALLS_MAX = 5_000
BYTES_MAX = 16 << 20

#: How much longer than usual the answer of something may take that is done to many, in seconds.
BULK = 600.0

_INVOCATIONS = ("v1", "invocations")


def enqueue(call: Call[Any], queue: str | None) -> Ask[Invocation]:
    """Stores a call."""
    body = plain.dumps(call.body(queue))
    return Ask(Request("POST", _INVOCATIONS, body=body), item(Invocation))


def enqueue_many(core: Core, calls: Iterable[Call[T]], queue: str | None) -> Flow[list[str]]:
    """Stores calls, and gives their ids in order."""
    ids: list[str] = []
    for body in bodies(calls, queue):
        ids += yield from core.ask(Ask(Request("POST", _INVOCATIONS, body=body), _ids))
    return ids


def bodies(calls: Iterable[Call[Any]], queue: str | None) -> Iterator[bytes]:
    """The calls in as few requests as a host takes."""
    part: list[bytes] = []
    size = 0
    for call in calls:
        one = plain.dumps(call.body(queue))
        if part and (len(part) == CALLS_MAX or size + len(one) > BYTES_MAX):
            yield b"[" + b",".join(part) + b"]"
            part, size = [], 0
        part.append(one)
        size += len(one) + 1
    if part:
        yield b"[" + b",".join(part) + b"]"


def _ids(body: bytes) -> list[str]:
    return [str(one["id"]) for one in plain.loads(body)]


def get(id: str, wait: float = 0.0) -> Ask[Invocation]:
    """An invocation as it is now, or when it has ended, or after so many seconds."""
    query = (("wait", in_words(wait)),) if wait > 0 else ()
    return Ask(Request("GET", (*_INVOCATIONS, id), query, waiting=wait), item(Invocation))


def wait(ids: list[str], wait_for: str, wait: float) -> Ask[list[Invocation]]:
    """Those that have ended, when `any` or `all` of them have, or after so many seconds."""
    body: dict[str, Any] = {"ids": ids, "for": wait_for}
    if wait > 0:
        body["wait"] = in_words(wait)
    request = Request("POST", (*_INVOCATIONS, "wait"), body=plain.dumps(body), waiting=wait)
    return Ask(request, items(Invocation))


def listing(
    *, include: Iterable[str], limit: int | None, **filter: Unpack[Filter]
) -> Ask[Page[Invocation]]:
    """A page of invocations, the newest first."""
    query = []
    for name, value in filtered(filter).items():
        values = value if isinstance(value, list) else [value]
        query += [(name, "true" if one is True else str(one)) for one in values]
    if parts := ",".join(include):
        query.append(("include", parts))
    if limit is not None:
        query.append(("limit", str(limit)))
    return Ask(Request("GET", _INVOCATIONS, tuple(query)), page(Invocation))


def filtered(filter: Filter) -> dict[str, Any]:
    """A filter as it goes over the wire."""
    said: dict[str, Any] = {
        name: value for name, value in filter.items() if value is not None and value is not False
    }
    if tags := filter.get("tags"):
        said["tag"] = [f"{name}:{value}" for name, value in tags.items()]
    said.pop("tags", None)
    return said


def bulk(
    verb: str, filter: Filter, *, all: bool, dry_run: bool, reason: str | None = None
) -> Ask[Bulk]:
    """Cancels, retries or resumes all that match."""
    body: dict[str, Any] = {"filter": filtered(filter), "dry_run": dry_run, "all": all}
    if reason is not None:
        body["reason"] = reason
    # What it was done to does not match any more, so that it may arrive twice.
    path = (*_INVOCATIONS, verb)
    return Ask(Request("POST", path, body=plain.dumps(body), waiting=BULK), item(Bulk))


def why(id: str) -> Ask[Why]:
    """What holds an invocation back."""
    return Ask(Request("GET", (*_INVOCATIONS, id, "why")), item(Why))


def attempts(id: str) -> Ask[list[Attempt]]:
    """Every try at running it, oldest first."""
    return Ask(Request("GET", (*_INVOCATIONS, id, "attempts")), items(Attempt))


def log(id: str) -> Ask[list[LogChunk]]:
    """What it wrote."""
    return Ask(Request("GET", (*_INVOCATIONS, id, "logs")), items(LogChunk))


def cancel(id: str, reason: str | None) -> Ask[Invocation]:
    """Asks for its end and for that of what it enqueued."""
    body = plain.dumps({} if reason is None else {"reason": reason})
    return Ask(Request("POST", (*_INVOCATIONS, id, "cancel"), body=body), item(Invocation))


def again(id: str, verb: str) -> Ask[Invocation]:
    """A new invocation of one that failed (`retry`) or was cancelled (`resume`)."""
    return Ask(Request("POST", (*_INVOCATIONS, id, verb), once=True), item(Invocation))


def in_words(seconds: float) -> str:
    """How a host is told how long to wait."""
    return f"{round(seconds * 1000)}ms"
