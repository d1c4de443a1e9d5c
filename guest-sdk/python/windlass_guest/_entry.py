"""The classes that the bindings call, made of the author's functions.

The entry point that `windlass build` writes imports the author's module and calls `protocols` while
the component is made, so that a component without a mistake comes out or none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import _logging, _tracebacks
from ._host import host
from ._shapes import Unfit, verify
from ._types import Err
from ._wanted import Function, find, mistakes, read

#: Exceptions whose text alone says little: `KeyError: 'name'`.
_BARE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    TypeError,
)


class Unfinished(Exception):
    """The author's module is not what the world wants."""


def protocols(module: ModuleType, spec: list[dict[str, Any]]) -> dict[str, type]:
    """The classes that a world wants, by their names.

    Raises `Unfinished` with all that is missing or wrong.
    """
    functions = read(spec)
    found = mistakes(functions, module.__name__)
    if found:
        raise Unfinished("\n".join(found))
    _tracebacks.keep(module)
    _logging.install()
    _logging.flush_each_line()
    sys.excepthook = _tracebacks.show
    classes: dict[str, dict[str, Any]] = {}
    for wanted in functions:
        [entry] = find(wanted)
        guarded = _guarded_async if wanted.is_async else _guarded
        classes.setdefault(wanted.protocol, {})[wanted.method] = guarded(wanted, entry.function)
    return {name: type(name, (), methods) for name, methods in classes.items()}


def _guarded(wanted: Function, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(_: object, *args: Any) -> Any:
        try:
            value = function(*args)
            verify(wanted.result, value, f"{wanted.method}: result")
        except Exception as error:
            told = _as_error(wanted, error)
            if told is error:
                raise
            raise told from None
        return value

    return call


def _guarded_async(wanted: Function, function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(_: object, *args: Any) -> Any:
        try:
            value = await function(*args)
            verify(wanted.result, value, f"{wanted.method}: result")
        except Exception as error:
            told = _as_error(wanted, error)
            if told is error:
                raise
            raise told from None
        return value

    return call


def _as_error(wanted: Function, error: Exception) -> BaseException:
    """What an exception becomes: the function's error, or itself, which ends the instance."""
    if isinstance(error, MemoryError) or wanted.error is None:
        return error
    if isinstance(error, Err):
        try:
            verify(wanted.error, error.value, f"{wanted.method}: error")
            return error
        except Unfit as unfit:
            error = unfit
    if wanted.error == "string":
        host().log("error", _tracebacks.text(error))
        return Err(message_of(error).encode("utf-8", "backslashreplace").decode("utf-8"))
    return error


def message_of(error: BaseException) -> str:
    """What an exception says to the caller of the task."""
    name = type(error).__name__
    message = str(error)
    if not message:
        return name
    return f"{name}: {message}" if isinstance(error, _BARE) else message
