"""Pieces of a workflow's own work, each done once."""

from __future__ import annotations

import functools
import json
import typing
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from .. import data
from ._host import host

P = ParamSpec("P")
T = TypeVar("T")


@overload
def step(name: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...
@overload
def step(name: Callable[P, T], /) -> Callable[P, T]: ...
def step(name: Any, work: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Does a piece of the workflow's own work once: its result is recorded, and a replay takes it
    from there. Pieces do not lie in each other, and ask nothing else of the workflow's host: what they
    need, such as `now()`, is asked before.

    Above a function, `@step` makes each call of it such a piece. The result is read by the type that
    the function says it returns; one that says nothing returns what JSON has: text, numbers, lists.
    """
    if callable(name):
        function = name

        @functools.wraps(function)
        def stepping(*args: Any, **kwargs: Any) -> Any:
            return step(function.__name__, function, *args, **kwargs)

        return stepping
    returns = returned_by(work)
    recorded = host().step_begin(name)
    if recorded is None:
        value = work(*args, **kwargs)
        recorded = data.dumps(value)
        if returns is Any and json.loads(recorded) != value:
            raise TypeError(
                f"step {name}: a {type(value).__name__} would be read back as something else: "
                "annotate what the function returns"
            )
        host().step_end(recorded)
    # Also the first time, so that a replay has the very same.
    return data.loads(recorded, returns)


def returned_by(function: Callable[..., Any]) -> Any:
    """The type that a function says it returns; `Any` if it does not."""
    try:
        return typing.get_type_hints(function).get("return", Any)
    except (NameError, TypeError):
        return Any
