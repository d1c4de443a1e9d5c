"""Who answers what a workflow asks; and durations on their way there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, Union

from .._host import IN_COMPONENT

Duration = Union[float, timedelta]


@dataclass
class Call:
    """A call on its way to the host; `options` as in `windlass:host/workflow`."""

    task: str
    arguments: str
    queue: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    #: What runs in place where there is no host: the value, as JSON.
    run: Callable[[], Any] | None = None


class HostHandle(Protocol):
    """A handle of the host."""

    def id(self) -> str: ...

    def get_result(self) -> str: ...

    def status(self) -> Any: ...

    def cancel(self) -> None: ...


class Host(Protocol):
    """What a workflow may ask, with JSON as text."""

    def enqueue(self, call: Call) -> HostHandle: ...

    def enqueue_many(self, calls: list[Call]) -> list[HostHandle]: ...

    def find(self, id: str) -> HostHandle: ...

    def wait_any(self, handles: Sequence[HostHandle], timeout_ms: int | None) -> int | None: ...

    def wait_all(self, handles: Sequence[HostHandle], timeout_ms: int | None) -> bool: ...

    def sleep(self, ms: int) -> None: ...

    def now(self) -> int: ...

    def random(self, length: int) -> bytes: ...

    def publish(self, name: str, value: str) -> None: ...

    def receive(self, name: str, timeout_ms: int | None) -> str | None: ...

    def step_begin(self, name: str) -> str | None: ...

    def step_end(self, value: str) -> None: ...

    def continue_as_new(self, arguments: str) -> None: ...


def host() -> Host:
    """The one that answers here."""
    if IN_COMPONENT:
        from . import _contract

        return _contract.workflow
    from .._stand_in import workflow

    return workflow


def milliseconds(duration: Duration) -> int:
    """A duration for the host. Less than a millisecond is one, so that a wait stays a wait."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    if not 0 <= seconds < 1e15:
        raise ValueError(f"{duration!r} is no duration: give seconds from 0 on, or a timedelta")
    whole = round(seconds * 1000)
    return 1 if whole == 0 and seconds > 0 else whole


if IN_COMPONENT:
    # There are no files in a sandbox: what is imported is imported while the component is built.
    from . import _contract as _contract
