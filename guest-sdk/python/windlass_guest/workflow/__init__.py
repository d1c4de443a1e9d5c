"""What a workflow may ask of its host: to enqueue, to wait, to sleep, to be told.

    from windlass_guest.workflow import enqueue, workflow

    @workflow
    def squares(numbers: list[int]) -> list[int]:
        handles = [enqueue(square, [number]) for number in numbers]
        return [handle.get_result() for handle in handles]

A workflow is replayed: after a crash, or when it has waited for long, it is executed again from its
beginning, and what it asks here is answered from its journal as it was answered before. So whatever
it does must follow from its arguments and from these answers. `time`, `datetime.now`, `random`,
`uuid4` and `secrets` are answered from the journal as well.

Durations are seconds or a `timedelta`. Away from a component, in tests, a stand-in answers: see
`windlass_guest.testing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn, TypeVar, overload

from .. import data
from .._registry import Function, register
from ._calls import Retries, enqueue, enqueue_many
from ._failures import Refused, TaskFailed
from ._handle import Handle, State, find, wait_all, wait_any
from ._host import Duration, host, milliseconds
from ._step import step

__all__ = [
    "Duration",
    "Handle",
    "Refused",
    "Retries",
    "State",
    "TaskFailed",
    "continue_as_new",
    "enqueue",
    "enqueue_many",
    "find",
    "now",
    "publish",
    "random",
    "receive",
    "sleep",
    "step",
    "wait_all",
    "wait_any",
    "workflow",
]

T = TypeVar("T")
_RANDOM_MAX = 65_536
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@overload
def workflow(function: Function, /) -> Function: ...
@overload
def workflow(*, interface: str) -> Callable[[Function], Function]: ...
def workflow(function: Any = None, /, *, interface: str | None = None) -> Any:
    """Makes a function the workflow of its name, as `windlass_guest.task` makes one a task."""
    if function is not None:
        return register(function, "workflow", None)
    return lambda function: register(function, "workflow", interface)


def sleep(duration: Duration) -> None:
    """Waits. Days are fine: a workflow that waits takes no memory."""
    host().sleep(milliseconds(duration))


def now() -> datetime:
    """The time, in UTC."""
    return _EPOCH + timedelta(milliseconds=host().now())


def random(length: int) -> bytes:
    """Random bytes. For numbers, `random` of the standard library does as well."""
    parts = []
    while length > 0:
        some = min(length, _RANDOM_MAX)
        parts.append(host().random(some))
        length -= some
    return b"".join(parts)


def publish(name: str, value: object) -> None:
    """Shows a value to the outside under a name. A later one of the same name replaces it."""
    host().publish(name, data.dumps(value))


@overload
def receive(name: str, timeout: Duration | None = None) -> Any: ...
@overload
def receive(name: str, timeout: Duration | None = None, *, returns: type[T]) -> T | None: ...
def receive(name: str, timeout: Duration | None = None, *, returns: Any = Any) -> Any:
    """Waits for a message of this name, which somebody sends to this invocation, and takes it.

    `None` if the time was up before; without a timeout it waits until there is one. `returns` is the
    type that it is read as, a dataclass for instance; a message that is of another raises
    `windlass_guest.data.Mismatch`.
    """
    limit = None if timeout is None else milliseconds(timeout)
    message = host().receive(name, limit)
    return None if message is None else data.loads(message, returns)


def continue_as_new(args: Sequence[object] | Mapping[str, object] = ()) -> NoReturn:
    """Goes on as new: the invocation keeps its id and begins anew with these arguments and an empty
    journal."""
    host().continue_as_new(data.dumps(args))
    raise AssertionError("the host ends this execution")
