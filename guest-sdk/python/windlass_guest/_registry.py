"""Which functions are tasks and which are workflows: what the decorators remember."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

Kind = Literal["task", "workflow"]
Function = TypeVar("Function", bound=Callable[..., Any])

ATTRIBUTE = "__windlass__"


@dataclass(frozen=True)
class Registered:
    """A function that a decorator has seen."""

    function: Callable[..., Any]
    kind: Kind
    interface: str | None
    file: str
    line: int

    @property
    def name(self) -> str:
        """Its name in Python."""
        return self.function.__name__

    @property
    def place(self) -> str:
        """Where it stands: `app.py:12`."""
        return f"{self.file}:{self.line}"


registered: list[Registered] = []


def register(function: Function, kind: Kind, interface: str | None) -> Function:
    """Remembers a function and gives it back as it is."""
    if not inspect.isroutine(function):
        raise TypeError(f"@{kind} belongs above a function, not above {function!r}")
    code = inspect.unwrap(function).__code__
    entry = Registered(function, kind, interface, code.co_filename, code.co_firstlineno)
    registered.append(entry)
    setattr(function, ATTRIBUTE, entry)
    return function


@overload
def task(function: Function, /) -> Function: ...
@overload
def task(*, interface: str) -> Callable[[Function], Function]: ...
def task(function: Any = None, /, *, interface: str | None = None) -> Any:
    """Makes a function the task of its name: `summarize_all` is `summarize-all` of the WIT.

    `interface` is needed only where two interfaces have a function of this name. The function stays
    what it is: other code, and tests, can call it.
    """
    if function is not None:
        return register(function, "task", None)
    return lambda function: register(function, "task", interface)


def wit_name(function: Callable[..., Any]) -> str:
    """The WIT name of a decorated function."""
    entry = getattr(function, ATTRIBUTE, None)
    if not isinstance(entry, Registered):
        name = getattr(function, "__name__", repr(function))
        raise TypeError(f"{name} is no task: write @task above it, or give a task's name as text")
    return entry.name.rstrip("_").replace("_", "-")
