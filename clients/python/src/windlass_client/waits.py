"""Handles, and waiting for what they stand for.

An outcome never changes, so a handle that has seen it does not ask again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from .answers import Invocation, Published
from .asks import invocations, workflows
from .calls import Reads
from .errors import Problem, Timeout
from .flows import Core, Flow

T = TypeVar("T")
#: A handle of an int is one of an int or a text.
T_co = TypeVar("T_co", covariant=True)

#: How long one request waits, in seconds. Longer would only meet the patience of proxies.
POLL = 30.0

#: How many ids one request names at most.
IDS_MAX = 1_000


class Waited(Generic[T_co]):
    """What both faces' handles have in common."""

    def __init__(self, id: str, reads: Reads[T_co]) -> None:
        self._id = id
        self._reads = reads
        self._ended: Invocation | None = None

    @property
    def id(self) -> str:
        """The id, under which any other process can ask as well."""
        return self._id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._id!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Waited) and self._id == other._id

    def __hash__(self) -> int:
        return hash(self._id)

    def saw(self, invocation: Invocation) -> None:
        """Remembers how it ended, if it has."""
        if invocation.is_final:
            self._ended = invocation


class Deadline:
    """When a caller does not want to wait any longer."""

    def __init__(self, timeout: float | None) -> None:
        self._timeout = timeout
        self._end = None if timeout is None else time.monotonic() + timeout

    def poll(self, longest: float = POLL) -> float:
        """How long the next request is to wait."""
        if self._end is None:
            return longest
        return max(0.0, min(longest, self._end - time.monotonic()))

    def check(self, what: str) -> None:
        """Raises if it has passed."""
        if self._end is not None and time.monotonic() >= self._end:
            raise Timeout(f"{what} after {self._timeout} seconds")


def ended(core: Core, handle: Waited[Any], timeout: float | None) -> Flow[Invocation]:
    """The invocation when it has ended."""
    deadline = Deadline(timeout)
    while handle._ended is None:
        handle.saw((yield from core.ask(invocations.get(handle.id, deadline.poll()))))
        if handle._ended is None:
            deadline.check(f"{handle.id} has not ended")
    return handle._ended


def result(core: Core, handle: Waited[T], timeout: float | None) -> Flow[T]:
    """Its value, when there is one."""
    invocation = yield from ended(core, handle, timeout)
    return handle._reads.value_of(invocation)


def status(core: Core, handle: Waited[Any]) -> Flow[Invocation]:
    """The invocation as it is now. What was done to it after its end is news as well."""
    invocation = yield from core.ask(invocations.get(handle.id))
    handle.saw(invocation)
    return invocation


H = TypeVar("H", bound=Waited[Any])


def wait_any(core: Core, handles: Sequence[H], timeout: float | None) -> Flow[list[H]]:
    """Those that have ended, when at least one has."""
    deadline = Deadline(timeout)
    ids = _ids(handles)
    # With more ids than fit one request, the requests take turns.
    longest = POLL if len(ids) <= IDS_MAX else POLL / 30
    while ids and not any(handle._ended for handle in handles):
        for part in _parts(ids):
            ask = invocations.wait(part, "any", deadline.poll(longest))
            if _see((yield from core.ask(ask)), handles):
                break
        else:
            deadline.check(f"none of {len(ids)} invocations has ended")
    return [handle for handle in handles if handle._ended]


def wait_all(core: Core, handles: Sequence[H], timeout: float | None) -> Flow[list[H]]:
    """All of them, when all have ended."""
    deadline = Deadline(timeout)
    while missing := _ids([handle for handle in handles if not handle._ended]):
        for part in _parts(missing):
            _see((yield from core.ask(invocations.wait(part, "all", deadline.poll()))), handles)
        if left := sum(1 for handle in handles if not handle._ended):
            deadline.check(f"{left} of {len(handles)} invocations have not ended")
    return list(handles)


def published(core: Core, id: str, name: str, after: int, timeout: float | None) -> Flow[Published]:
    """What a workflow shows under a name, when that is later than a revision."""
    deadline = Deadline(timeout)
    while True:
        ask = workflows.published_as(id, name, after, deadline.poll())
        try:
            return (yield from core.ask(ask))
        except Problem as problem:
            if problem.code != "not-published":
                raise
            # One that has ended publishes nothing any more.
            if (yield from core.ask(invocations.get(id))).is_final:
                raise
            deadline.check(f"{id} has not published {name!r}")


def _see(found: list[Invocation], handles: Sequence[Waited[Any]]) -> bool:
    by_id = {one.id: one for one in found}
    for handle in handles:
        if handle.id in by_id:
            handle.saw(by_id[handle.id])
    return bool(found)


def _ids(handles: Sequence[Waited[Any]]) -> list[str]:
    return list(dict.fromkeys(handle.id for handle in handles))


def _parts(ids: list[str]) -> list[list[str]]:
    return [ids[start : start + IDS_MAX] for start in range(0, len(ids), IDS_MAX)]
