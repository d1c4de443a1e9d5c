"""Whether a value fits the WIT type that it is to become.

The bindings end an instance over a value that does not fit, and do not say where it lies. So it is
looked at before: a shape is what `windlass build` writes of a WIT type, the name of a simple one or
a list that begins with its kind.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Union

from ._types import Err, Ok, Some

Shape = Union[str, list[Any]]

_INTEGERS = {
    f"{sign}{bits}": (0, (1 << bits) - 1)
    if sign == "u"
    else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    for sign in "us"
    for bits in (8, 16, 32, 64)
}


class Unfit(ValueError):
    """A value does not fit its WIT type."""


def verify(shape: Shape | None, value: Any, place: str) -> None:
    """Raises `Unfit`, with the place, if the value is none of this shape."""
    if shape is None:
        return
    if isinstance(shape, str):
        _simple(shape, value, place)
    else:
        _KINDS[shape[0]](shape, value, place)


def _unfit(place: str, value: Any, expected: str) -> Unfit:
    shown = repr(value)
    if len(shown) > 80:
        shown = f"{shown[:80]}…"
    return Unfit(f"{place} is {shown}, expected {expected}")


def _simple(shape: str, value: Any, place: str) -> None:
    if shape in _INTEGERS:
        if not isinstance(value, int):
            raise _unfit(place, value, f"an int ({shape})")
        least, most = _INTEGERS[shape]
        if not least <= value <= most:
            raise _unfit(place, value, f"{least} to {most} ({shape})")
    elif shape in ("f32", "f64"):
        if not isinstance(value, (float, int)):
            raise _unfit(place, value, f"a float ({shape})")
        # An int may be larger than any float.
        if isinstance(value, int) and value.bit_length() > 1023:
            raise _unfit(place, value, f"a float ({shape})")
    elif shape == "bool":
        if not isinstance(value, bool):
            raise _unfit(place, value, "a bool")
    elif shape == "bytes":
        if not isinstance(value, bytes):
            raise _unfit(place, value, "bytes (list<u8>)")
    elif shape == "nothing":
        if value is not None:
            raise _unfit(place, value, "None")
    elif shape in ("string", "char"):
        if not isinstance(value, str):
            raise _unfit(place, value, f"a str ({shape})")
        if shape == "char" and len(value) != 1:
            raise _unfit(place, value, "a str of one character (char)")
        if not value.isascii():
            _encodable(value, place)


def _encodable(value: str, place: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        half = value[error.start]
        raise Unfit(
            f"{place} has the lone surrogate {half!r} at {error.start}, which is no Unicode text"
        ) from None


def _list(shape: list[Any], value: Any, place: str) -> None:
    if not isinstance(value, list):
        raise _unfit(place, value, "a list")
    item = shape[1]
    # The usual case of many numbers, without a look at each.
    limits = _INTEGERS.get(item) if isinstance(item, str) else None
    if limits is not None and value and set(map(type, value)) == {int}:
        least, most = limits
        if least <= min(value) and max(value) <= most:
            return
    if item in ("f32", "f64") and set(map(type, value)) <= {float}:
        return
    for index, part in enumerate(value):
        verify(item, part, f"{place}[{index}]")


def _option(shape: list[Any], value: Any, place: str) -> None:
    if value is None:
        return
    inner = shape[1]
    if isinstance(inner, list) and inner[0] == "option":
        if not isinstance(value, Some):
            raise _unfit(place, value, "None or Some(…), for an option in an option")
        value = value.value
    verify(inner, value, place)


def _tuple(shape: list[Any], value: Any, place: str) -> None:
    parts = shape[1]
    if not isinstance(value, tuple) or len(value) != len(parts):
        raise _unfit(place, value, f"a tuple of {len(parts)}")
    for index, (part, item) in enumerate(zip(parts, value)):
        verify(part, item, f"{place}[{index}]")


def _result(shape: list[Any], value: Any, place: str) -> None:
    if isinstance(value, Ok):
        verify(shape[1] or "nothing", value.value, f"{place}.value")
    elif isinstance(value, Err):
        verify(shape[2] or "nothing", value.value, f"{place}.value")
    else:
        raise _unfit(place, value, "Ok(…) or Err(…)")


def _record(shape: list[Any], value: Any, place: str) -> None:
    _, name, fields = shape
    for field, part in fields:
        if not hasattr(value, field):
            raise _unfit(place, value, f"a {name}, with a field {field}")
        verify(part, getattr(value, field), f"{place}.{field}")


def _variant(shape: list[Any], value: Any, place: str) -> None:
    _, name, cases = shape
    class_ = type(value).__name__
    for case, part in cases:
        if class_ == case:
            if part is not None:
                verify(part, value.value, f"{place}.value")
            return
    known = ", ".join(case for case, _ in cases)
    raise _unfit(place, value, f"a {name}: {known}")


def _enum(shape: list[Any], value: Any, place: str) -> None:
    if not isinstance(value, enum.Enum) or type(value).__name__ != shape[1]:
        raise _unfit(place, value, f"one of {shape[1]}")


_KINDS: dict[str, Callable[[list[Any], Any, str], None]] = {
    "list": _list,
    "option": _option,
    "tuple": _tuple,
    "result": _result,
    "record": _record,
    "variant": _variant,
    "enum": _enum,
    "flags": _enum,
}
