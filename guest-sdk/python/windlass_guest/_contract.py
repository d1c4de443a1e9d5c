"""The host as a component imports it: `windlass:host/task` and `windlass:host/workflow`.

`windlass build` has the bindings name them `host_task` and `host_workflow`. A world that does not
include them has no such modules: what needs them says so when it is called.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from ._host import Invocation


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(f"wit_world.imports.{name}")
    except ModuleNotFoundError:
        return None


_task = _imported("host_task")
_workflow = _imported("host_workflow")


def workflow() -> Any:
    """The functions of `windlass:host/workflow`."""
    if _workflow is None:
        raise RuntimeError(
            "the world does not import windlass:host/workflow: "
            "say `include windlass:host/workflows@0.1.0;` in it"
        )
    return _workflow


class Task:
    """The functions of `windlass:host/task`; without them the log is standard error."""

    def this_invocation(self) -> Invocation:
        if _task is None:
            raise RuntimeError(
                "the world does not import windlass:host/task: "
                "say `include windlass:host/tasks@0.1.0;` in it"
            )
        said = _task.this_invocation()
        return Invocation(said.id, said.namespace, said.queue, said.task, said.attempt)

    def log(self, level: str, message: str) -> None:
        message = message.encode("utf-8", "backslashreplace").decode("utf-8")
        if _task is None:
            print(message, file=sys.stderr, flush=True)
        else:
            _task.log(_task.Level[level.upper()], message)

    def progress(self, done: int, total: int, note: str) -> None:
        if _task is not None:
            _task.progress(done, total, note)


task = Task()
