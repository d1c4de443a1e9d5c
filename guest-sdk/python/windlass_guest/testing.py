"""Tests of tasks and workflows on your own machine, without a host.

A decorated function stays an ordinary function: call it. What it asks is answered by a stand-in:
tasks that are given as functions run at once, in place, when they are enqueued; `sleep` moves the
clock that `now` reads and does not wait; `receive` takes what `send` has left, and else its time is
up. A task that is given by its name fails with the kind `no-host` unless `provide` says what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import _stand_in, data
from ._host import Invocation
from ._stand_in import Continued

__all__ = ["Continued", "invocation", "logged", "provide", "published", "reset", "send"]


def reset() -> None:
    """Forgets everything: for `setUp`."""
    _stand_in.task.__init__()  # type: ignore[misc]
    _stand_in.workflow.__init__()  # type: ignore[misc]


def provide(task: str, function: Callable[..., Any]) -> None:
    """Says what a task does that is enqueued by this name; it is given what JSON has."""
    _stand_in.workflow.known[task] = function


def send(name: str, value: object) -> None:
    """Leaves a message for `receive`."""
    _stand_in.workflow.messages.setdefault(name, []).append(data.dumps(value))


def published(name: str, type_: Any = Any) -> Any:
    """What was published under a name; raises `KeyError` if nothing was."""
    return data.loads(_stand_in.workflow.published[name], type_)


def logged() -> list[tuple[str, str]]:
    """The lines of the log, each with its level, that did not go through `logging`."""
    return list(_stand_in.task.lines)


def invocation(
    id: str = "test", queue: str = "test", task: str = "test", attempt: int = 1
) -> None:
    """Says which invocation `this_invocation` tells of."""
    _stand_in.task.invocation = Invocation(id, "default", queue, task, attempt)
