"""What a workflow holds of an invocation that it enqueued or found."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, Generic, TypeVar, overload

from .. import data
from ._failures import TaskFailed
from ._host import Duration, HostHandle, host, milliseconds

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class State(enum.Enum):
    """Where an invocation is in its life."""

    SCHEDULED = 0
    QUEUED = 1
    RUNNING = 2
    WAITING = 3
    SUCCEEDED = 4
    FAILED = 5
    CANCELLED = 6


class Handle(Generic[T_co]):
    """An invocation whose value is a `T_co`."""

    def __init__(self, inner: HostHandle, returns: Any) -> None:
        self._inner = inner
        self._returns = returns

    @property
    def id(self) -> str:
        """The id, unique within the namespace."""
        return self._inner.id()

    def get_result(self) -> T_co:
        """Waits until it has ended, and gives its value. Raises `TaskFailed` if it did not
        succeed."""
        value = self._inner.get_result()
        try:
            read: T_co = data.loads(value, self._returns)
        except data.Mismatch as mismatch:
            message = f"the value is not what the workflow expects: {mismatch}"
            raise TaskFailed("mismatch", message) from None
        return read

    def status(self) -> State:
        """Where it is in its life."""
        return State(self._inner.status().value)

    def cancel(self) -> None:
        """Asks for its end and for that of its descendants. Does not wait for it."""
        self._inner.cancel()

    def __repr__(self) -> str:
        return f"Handle({self.id!r})"


@overload
def find(id: str) -> Handle[Any]: ...
@overload
def find(id: str, *, returns: type[T]) -> Handle[T]: ...
def find(id: str, *, returns: Any = Any) -> Handle[Any]:
    """The handle of an invocation whose id the workflow was given. Raises `Refused` if there is
    none."""
    return Handle(host().find(id), returns)


@overload
def wait_any(handles: Iterable[Handle[T]]) -> Handle[T]: ...
@overload
def wait_any(handles: Iterable[Handle[T]], timeout: Duration | None) -> Handle[T] | None: ...
def wait_any(handles: Iterable[Handle[T]], timeout: Duration | None = None) -> Handle[T] | None:
    """Waits until one of them has ended, and gives it; of several the one that ended first.

    `None` if the time was up before.
    """
    several = list(handles)
    if not several:
        raise ValueError("there is no handle to wait for")
    limit = None if timeout is None else milliseconds(timeout)
    index = host().wait_any([handle._inner for handle in several], limit)
    return None if index is None else several[index]


def wait_all(handles: Iterable[Handle[Any]], timeout: Duration | None = None) -> bool:
    """Waits until all of them have ended, or the time is up: whether they have."""
    limit = None if timeout is None else milliseconds(timeout)
    return host().wait_all([handle._inner for handle in handles], limit)
