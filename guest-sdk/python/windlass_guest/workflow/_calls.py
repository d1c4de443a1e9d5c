"""Enqueuing: the call, its options, and the handle that comes of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Union, overload

from .. import data
from .._registry import wit_name
from ._handle import Handle
from ._host import Call, Duration, host, milliseconds
from ._step import returned_by

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")

#: By position or by name.
Args = Union[Sequence[object], Mapping[str, object]]


@dataclass(frozen=True)
class Retries:
    """How often a failed attempt is made again, and when. What is left out is as everywhere."""

    #: At most so many attempts after the first.
    max: int
    #: The wait before the first retry.
    backoff: Duration | None = None
    #: By how much each wait is longer than the one before.
    factor: float | None = None
    #: The longest wait.
    max_backoff: Duration | None = None
    #: How much of a wait is left to chance, from 0 to 1.
    jitter: float | None = None
    #: Kinds of failures that are tried again, or `guest:CASE`; the usual ones where it is empty.
    on: Sequence[str] = ()


class Options(TypedDict, total=False):
    """How a call is to be run; what is left out comes from its task, its queue, its host."""

    #: The id of the invocation; by default it is made of the workflow's own.
    id: str
    #: Lower goes first; 0 by default.
    priority: int
    #: How long one attempt may take.
    timeout: Duration
    #: How long to wait before it may start.
    delay: Duration
    #: From enqueue to outcome; never later than this workflow's own deadline.
    deadline: Duration
    #: The partition of the queue; this workflow's own where it is on the same queue.
    partition: str
    #: How often a failed attempt is made again.
    retries: Retries | int
    #: For people and filters.
    tags: Mapping[str, str]
    #: Whether it goes on when this workflow is cancelled.
    detached: bool


@overload
def enqueue(
    task: Callable[..., T],
    args: Args = (),
    queue: str | None = None,
    **options: Unpack[Options],
) -> Handle[T]: ...
@overload
def enqueue(
    task: str,
    args: Args = (),
    queue: str | None = None,
    *,
    returns: type[T],
    **options: Unpack[Options],
) -> Handle[T]: ...
@overload
def enqueue(
    task: str,
    args: Args = (),
    queue: str | None = None,
    **options: Unpack[Options],
) -> Handle[Any]: ...
def enqueue(
    task: Callable[..., Any] | str,
    args: Args = (),
    queue: str | None = None,
    *,
    returns: Any = None,
    **options: Unpack[Options],
) -> Handle[Any]:
    """Enqueues a call and gives its handle, which does not wait for it.

    `task` is a function of this component that is marked `@task` or `@workflow`, or a name:
    `images/resize`, `images@1.2.0/resize`. `args` are a list by position or a dict by name; without
    a queue it is the workflow's own. `returns` is the type of the value of a task that is given by
    its name. What else there is has `Options`. Raises `Refused` if the host does not take the call.
    """
    call = _call(task, args, queue, _for_host(**options))
    return Handle(host().enqueue(call), _returns(task, returns))


@overload
def enqueue_many(
    task: Callable[..., T],
    many: Iterable[Args],
    queue: str | None = None,
    **options: Unpack[Options],
) -> list[Handle[T]]: ...
@overload
def enqueue_many(
    task: str,
    many: Iterable[Args],
    queue: str | None = None,
    *,
    returns: type[T],
    **options: Unpack[Options],
) -> list[Handle[T]]: ...
@overload
def enqueue_many(
    task: str,
    many: Iterable[Args],
    queue: str | None = None,
    **options: Unpack[Options],
) -> list[Handle[Any]]: ...
def enqueue_many(
    task: Callable[..., Any] | str,
    many: Iterable[Args],
    queue: str | None = None,
    *,
    returns: Any = None,
    **options: Unpack[Options],
) -> list[Handle[Any]]:
    """Enqueues a call for each of many arguments as one step: all or none. As `enqueue`."""
    chosen = _for_host(**options)
    calls = [_call(task, args, queue, chosen) for args in many]
    type_ = _returns(task, returns)
    return [Handle(handle, type_) for handle in host().enqueue_many(calls)]


def _call(task: Any, args: Args, queue: str | None, options: dict[str, Any]) -> Call:
    if isinstance(args, (str, bytes)) or not isinstance(args, (Sequence, Mapping)):
        raise TypeError(f"args is {args!r}, expected a list by position or a dict by name")
    if isinstance(task, str):
        return Call(task, data.dumps(args), queue, options)
    name = wit_name(task)
    if isinstance(args, Mapping):
        # The caller knows the parameters by their names in Python.
        bound = inspect.signature(task).bind(**args)
        args = [*bound.args, *bound.kwargs.values()]
    else:
        inspect.signature(task).bind(*args)
    positional = args
    return Call(name, data.dumps(args), queue, options, run=lambda: task(*positional))


def _returns(task: Any, returns: Any) -> Any:
    if returns is not None:
        return returns
    return Any if isinstance(task, str) else returned_by(task)


def _for_host(
    *,
    id: str | None = None,
    priority: int | None = None,
    timeout: Duration | None = None,
    delay: Duration | None = None,
    deadline: Duration | None = None,
    partition: str | None = None,
    retries: Retries | int | None = None,
    tags: Mapping[str, str] | None = None,
    detached: bool = False,
) -> dict[str, Any]:
    """As in `windlass:host/workflow`."""
    again = Retries(retries) if isinstance(retries, int) else retries
    return {
        "id": id,
        "priority": priority,
        "timeout_ms": _milliseconds(timeout),
        "delay_ms": _milliseconds(delay),
        "deadline_ms": _milliseconds(deadline),
        "partition": partition,
        "retries": again
        and {
            "max": again.max,
            "backoff_ms": _milliseconds(again.backoff),
            "factor": again.factor,
            "max_backoff_ms": _milliseconds(again.max_backoff),
            "jitter": again.jitter,
            "on": list(again.on),
        },
        "tags": list((tags or {}).items()),
        "detached": detached,
    }


def _milliseconds(duration: Duration | None) -> int | None:
    return None if duration is None else milliseconds(duration)
