"""The host of tests on the author's own machine: one process, nothing durable, no waiting.

`windlass_guest.testing` is what tests see of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from . import data
from ._host import Invocation
from ._types import Err
from .workflow._failures import Refused, TaskFailed
from .workflow._handle import State
from .workflow._host import Call, HostHandle

#: When the clock of a test begins: 2025-01-01 in milliseconds.
_BEGINNING = 1_735_689_600_000


class Task:
    """What a task may ask."""

    def __init__(self) -> None:
        self.invocation = Invocation("test", "default", "test", "test", 1)
        self.lines: list[tuple[str, str]] = []
        self.report: tuple[int, int, str] | None = None

    def this_invocation(self) -> Invocation:
        return self.invocation

    def log(self, level: str, message: str) -> None:
        self.lines.append((level, message))
        print(message, file=sys.stderr)

    def progress(self, done: int, total: int, note: str) -> None:
        self.report = (done, total, note)


class Ended:
    """The handle of a call, which has run when it was enqueued."""

    def __init__(self, id: str, call: Call, known: dict[str, Callable[..., Any]]) -> None:
        self._id = id
        self._value = "null"
        self._failure: TaskFailed | None = None
        run = call.run or _run_by_name(call, known)
        if run is None:
            message = f"there is no host that knows {call.task}: see windlass_guest.testing.provide"
            self._failure = TaskFailed("no-host", message)
            return
        try:
            self._value = data.dumps(run())
        except Err as error:
            self._failure = TaskFailed("guest", str(error.value), data.dumps(error.value))
        except Exception as error:
            from ._entry import message_of

            message = message_of(error)
            self._failure = TaskFailed("guest", message, data.dumps(message))

    def id(self) -> str:
        return self._id

    def get_result(self) -> str:
        if self._failure is not None:
            raise self._failure
        return self._value

    def status(self) -> State:
        return State.SUCCEEDED if self._failure is None else State.FAILED

    def cancel(self) -> None:
        """It has ended already."""


def _run_by_name(call: Call, known: dict[str, Callable[..., Any]]) -> Callable[[], Any] | None:
    import json

    function = known.get(call.task)
    if function is None:
        return None
    args = json.loads(call.arguments)
    return lambda: function(**args) if isinstance(args, dict) else function(*args)


class Continued(BaseException):
    """A workflow went on as new: what a test sees of it."""

    def __init__(self, arguments: Any) -> None:
        super().__init__(arguments)
        self.arguments = arguments


class Workflow:
    """What a workflow may ask."""

    def __init__(self) -> None:
        self.clock_ms = _BEGINNING
        self.known: dict[str, Callable[..., Any]] = {}
        self.published: dict[str, str] = {}
        self.messages: dict[str, list[str]] = {}
        self.calls: list[Call] = []
        self._handles: dict[str, HostHandle] = {}

    def enqueue(self, call: Call) -> HostHandle:
        self.calls.append(call)
        id = call.options.get("id") or f"test-{len(self.calls)}"
        return self._handles.setdefault(id, Ended(id, call, self.known))

    def enqueue_many(self, calls: list[Call]) -> list[HostHandle]:
        return [self.enqueue(call) for call in calls]

    def find(self, id: str) -> HostHandle:
        if id not in self._handles:
            raise Refused("invocation-unknown", f"there is no invocation {id}")
        return self._handles[id]

    def wait_any(self, handles: Sequence[HostHandle], timeout_ms: int | None) -> int | None:
        return 0

    def wait_all(self, handles: Sequence[HostHandle], timeout_ms: int | None) -> bool:
        return True

    def sleep(self, ms: int) -> None:
        self.clock_ms += ms

    def now(self) -> int:
        return self.clock_ms

    def random(self, length: int) -> bytes:
        return os.urandom(length)

    def publish(self, name: str, value: str) -> None:
        self.published[name] = value

    def receive(self, name: str, timeout_ms: int | None) -> str | None:
        waiting = self.messages.get(name)
        if waiting:
            return waiting.pop(0)
        if timeout_ms is None:
            raise AssertionError(f"the workflow waits for ever for a message {name}: send it before")
        self.clock_ms += timeout_ms
        return None

    def step_begin(self, name: str) -> str | None:
        return None

    def step_end(self, value: str) -> None:
        """Nothing is replayed here."""

    def continue_as_new(self, arguments: str) -> None:
        raise Continued(data.loads(arguments))


task = Task()
workflow = Workflow()
