"""What a world wants of the author's module, and whether the module has it.

`windlass build` asks this twice: with the author's own Python, which takes no time, and once more in
the sandbox in which the component is made.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from ._registry import Registered, registered
from ._shapes import Shape


@dataclass(frozen=True)
class Function:
    """A function that the world exports."""

    #: The class that the bindings want: `Tasks`.
    protocol: str
    #: `local:letters/tasks@0.1.0`, `tasks`, or empty for a function of the world itself.
    interface: str
    short: str
    #: As in WIT and in Python.
    name: str
    method: str
    params: list[str]
    is_async: bool
    result: Shape | None
    #: What an error is: `None` where the function returns no `result`; `"nothing"` where the error
    #: has no payload.
    error: Shape | None

    @property
    def title(self) -> str:
        """For people: `summarize of the interface tasks`."""
        of = f"the interface {self.short}" if self.short else "the world"
        return f"{self.name} of {of}"


def read(spec: list[dict[str, Any]]) -> list[Function]:
    """What `windlass build` wrote."""
    return [Function(**function) for function in spec]


def find(wanted: Function) -> list[Registered]:
    """The functions that could be this one."""
    named = [entry for entry in registered if entry.name == wanted.method]
    chosen = [entry for entry in named if entry.interface in (wanted.short, wanted.interface)]
    return chosen or [entry for entry in named if entry.interface is None]


def mistakes(functions: list[Function], source: str) -> list[str]:
    """Whatever keeps the module from being this world, each with its place."""
    found = []
    used: set[int] = set()
    for function in functions:
        entries = find(function)
        used.update(map(id, entries))
        found += _mistakes_of(function, entries, source)
    known = ", ".join(function.method for function in functions)
    for entry in registered:
        if id(entry) not in used:
            found.append(
                f"{entry.place}: {entry.name} is marked @{entry.kind}, but the WIT has no function "
                f"of this name (it has {known})"
            )
    return found


def _mistakes_of(wanted: Function, entries: list[Registered], source: str) -> list[str]:
    params = ", ".join(wanted.params)
    if not entries:
        return [
            f"{source}: {wanted.title} is not implemented: "
            f"add a function {wanted.method}({params}) with the decorator @task"
        ]
    if len(entries) > 1:
        places = ", ".join(entry.place for entry in entries)
        return [f"{wanted.title} is implemented more than once: {places}"]
    [entry] = entries
    is_async = inspect.iscoroutinefunction(entry.function)
    if is_async and not wanted.is_async:
        return [
            f"{entry.place}: {entry.name} is an `async def`, but {wanted.title} is not async in "
            "the WIT: write `def`"
        ]
    if wanted.is_async and not is_async:
        return [
            f"{entry.place}: {wanted.title} is async in the WIT: write `async def {entry.name}`"
        ]
    if inspect.isgeneratorfunction(entry.function) or inspect.isasyncgenfunction(entry.function):
        return [f"{entry.place}: {entry.name} is a generator: return a list instead of `yield`"]
    signature = inspect.signature(entry.function)
    try:
        signature.bind(*wanted.params)
    except TypeError:
        return [
            f"{entry.place}: {entry.name}{signature} does not take the parameters of "
            f"{wanted.title}: ({params})"
        ]
    return []
