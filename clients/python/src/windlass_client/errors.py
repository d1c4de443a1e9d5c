"""What can go wrong between a caller and its result.

Everything that this package raises on purpose is a `WindlassError`. Decide by type, by
`Problem.code` and by `TaskFailed.kind`, never by the text of a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class WindlassError(Exception):
    """Why there is no answer, or no value."""

    #: What to do about it, where there is something.
    hint: str | None = None


class AddressError(WindlassError):
    """The server's address is no address."""

    hint = "give it as http://127.0.0.1:7070"

    def __init__(self, server: str, reason: str) -> None:
        super().__init__(f"{server!r} is no address of a host: {reason}")
        self.server = server


class ArgumentsError(WindlassError):
    """What was to be sent cannot be written as JSON."""


class Unreachable(WindlassError):
    """Nothing answers there, or the connection broke, for longer than the client's patience."""

    hint = "start a host with `windlass serve`, or name one with WINDLASS_SERVER"

    def __init__(self, server: str, reason: str) -> None:
        super().__init__(f"no host can be reached at {server}: {reason}")
        self.server = server
        self.reason = reason


class ProtocolError(WindlassError):
    """The answer is not one that a Windlass host gives."""

    hint = "something else than a Windlass host may listen there, or one of another version"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the answer of {url} is not understood: {reason}")
        self.url = url


class Timeout(WindlassError, TimeoutError):
    """It had not ended after as long as the caller wanted to wait. It goes on."""


class ValueMismatch(WindlassError):
    """The value is not of the type that a typed stub expects of it."""

    hint = "generate the stubs anew with `windlass client generate`"

    def __init__(self, id: str, reason: str) -> None:
        super().__init__(f"the value of {id} is not of the type asked for: {reason}")
        self.id = id


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in a request, and its place."""

    #: Where, such as `args[1].sizes[3]`.
    place: str
    #: What is wrong there, such as `expected u32, got -1`.
    message: str


class Problem(WindlassError):
    """The host refused (RFC 9457)."""

    def __init__(
        self,
        *,
        status: int,
        code: str,
        title: str,
        detail: str,
        type: str = "",
        hint: str | None = None,
        mistakes: tuple[Mistake, ...] = (),
    ) -> None:
        lines = [detail]
        # A problem with one mistake may say it in its detail as well.
        lines += [f"  {m.place}: {m.message}" for m in mistakes if m.message not in detail]
        super().__init__("\n".join(lines))
        #: The HTTP status.
        self.status = status
        #: By which programs tell problems apart; once published it stays.
        self.code = code
        #: What the code means, the same for every such problem.
        self.title = title
        #: What was refused, and why.
        self.detail = detail
        #: The address of the page about this code.
        self.type = type
        self.hint = hint
        #: Every mistake with its place, where there are several or they have one.
        self.mistakes = mistakes


class TaskFailed(WindlassError):
    """The invocation ended without a value."""

    def __init__(
        self,
        *,
        id: str,
        task: str,
        kind: str,
        message: str,
        payload: Any = None,
        limit: str | None = None,
        backtrace: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{task} failed ({kind}): {message}")
        #: The invocation's id.
        self.id = id
        #: The task as it was called.
        self.task = task
        #: `guest`, `arguments`, `trap`, `limit`, `timeout`, `host-lost`, `nondeterminism`,
        #: `component` or `cancelled`.
        self.kind = kind
        #: For people: what happened, and where there is one, the way out.
        self.message = message
        #: Of kind `guest`: the E of the function's `result<T, E>`, with typed stubs as its type.
        self.payload = payload
        #: Of kind `limit`: which limit.
        self.limit = limit
        #: Of kind `trap` and `limit`: the frames of the guest, innermost first.
        self.backtrace = backtrace


class Cancelled(TaskFailed):
    """Somebody cancelled the invocation."""
