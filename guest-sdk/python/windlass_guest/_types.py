"""`Ok`, `Err` and `Some` of the generated bindings, or their like where nothing was built yet.

In a component they must be the very classes that the bindings know.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar, Union

T = TypeVar("T")
E = TypeVar("E")

_BINDINGS = "componentize_py_types"

if TYPE_CHECKING or importlib.util.find_spec(_BINDINGS) is None:

    @dataclass
    class Some(Generic[T]):
        """What is there, where an option lies in an option."""

        value: T

    @dataclass
    class Ok(Generic[T]):
        """A result that went well, as a value."""

        value: T

    @dataclass(frozen=True)
    class Err(Exception, Generic[E]):
        """The error of a task: `raise Err(value)`; or a result that did not go well, as a value."""

        value: E

    Result = Union[Ok[T], Err[E]]
else:
    from componentize_py_types import Err, Ok, Result, Some

__all__ = ["Err", "Ok", "Result", "Some"]
