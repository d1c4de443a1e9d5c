"""JSON of WIT values, as Windlass writes it everywhere.

Records are objects with the names of their fields as in WIT, bytes are base64, a case without a
payload is its name, floats that JSON lacks are text, an option in an option is `{"some": …}`.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from ._types import Err, Ok, Some

_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Mismatch(ValueError):
    """A value is not of the type that is expected."""


def dumps(value: object) -> str:
    """A value as JSON text."""
    return json.dumps(encode(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def loads(text: str, type_: Any = Any) -> Any:
    """The value of this type from JSON text; what JSON says itself where the type is not known."""
    return decode(json.loads(text), type_)


def kebab(name: str) -> str:
    """`order_id` as WIT writes it."""
    return name.rstrip("_").replace("_", "-")


def encode(value: Any) -> Any:
    """A value as what `json` writes."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, enum.Flag):
        return [kebab(flag.name.lower()) for flag in type(value) if flag.name and flag in value]
    if isinstance(value, enum.Enum):
        return kebab(value.name.lower())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (list, tuple)):
        return [encode(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): encode(part) for key, part in value.items()}
    for name, class_ in (("ok", Ok), ("err", Err), ("some", Some)):
        if isinstance(value, class_):
            return {name: encode(value.value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        case = _case(type(value))
        if case is None:
            return {kebab(name): encode(getattr(value, name)) for name in names}
        return {case: encode(getattr(value, "value"))} if names else case
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


def decode(value: Any, type_: Any) -> Any:
    """The value of this type from what `json` read."""
    if type_ is Any or type_ is object:
        return value
    if type_ is None or type_ is type(None):
        return _expect(value is None, value, "nothing", None)
    origin, parts = typing.get_origin(type_), typing.get_args(type_)
    if origin is typing.Union or origin is types.UnionType:
        return _decode_union(value, type_, parts)
    if origin in (list, tuple):
        return _decode_sequence(value, origin, parts)
    if origin is dict:
        _expect(isinstance(value, dict), value, "an object", None)
        return {key: decode(part, parts[1]) for key, part in value.items()}
    if origin is Some:
        _expect(isinstance(value, dict) and set(value) == {"some"}, value, '{"some": …}', None)
        return Some(decode(value["some"], parts[0]))
    if isinstance(type_, type):
        return _decode_class(value, type_)
    return value


def _decode_class(value: Any, class_: type) -> Any:
    simple = _SIMPLE.get(class_)
    if simple is not None:
        return simple(value)
    if issubclass(class_, enum.Flag):
        _expect(isinstance(value, list), value, "an array of names", None)
        flags = class_(0)
        for name in value:
            flags |= _member(class_, name)
        return flags
    if issubclass(class_, enum.Enum):
        return _member(class_, value)
    if dataclasses.is_dataclass(class_):
        _expect(isinstance(value, dict), value, f"a {class_.__name__}", None)
        hints = typing.get_type_hints(class_)
        read = {}
        for field in dataclasses.fields(class_):
            found = value.get(kebab(field.name))
            read[field.name] = _within(field.name, found, hints[field.name])
        return class_(**read)
    return value


def _within(name: str, value: Any, type_: Any) -> Any:
    try:
        return decode(value, type_)
    except Mismatch as mismatch:
        raise Mismatch(f"{kebab(name)}: {mismatch}") from None


def _decode_union(value: Any, type_: Any, parts: tuple[Any, ...]) -> Any:
    if type(None) in parts:
        rest = [part for part in parts if part is not type(None)]
        return None if value is None else decode(value, typing.Union[tuple(rest)])
    classes = {typing.get_origin(part) or part: part for part in parts}
    name, payload = value, None
    if isinstance(value, dict) and len(value) == 1:
        [(name, payload)] = value.items()
    if set(classes) == {Ok, Err}:
        class_ = {"ok": Ok, "err": Err}.get(name if isinstance(name, str) else "")
        _expect(class_ is not None, value, '{"ok": …} or {"err": …}', None)
        [of] = typing.get_args(classes[class_])
        return class_(decode(payload, of))  # type: ignore[misc]
    for part in parts:
        if isinstance(part, type) and _case(part) == name:
            hints = typing.get_type_hints(part)
            return part(decode(payload, hints["value"])) if hints else part()
    raise Mismatch(f"expected a case of {type_}, got {_shown(value)}")


def _decode_sequence(value: Any, origin: type, parts: tuple[Any, ...]) -> Any:
    _expect(isinstance(value, list), value, "an array", None)
    if origin is tuple and Ellipsis not in parts:
        _expect(len(value) == len(parts), value, f"{len(parts)} parts", None)
        pairs = zip(value, parts)
        return tuple(_within(str(index), *pair) for index, pair in enumerate(pairs))
    return origin(_within(str(index), part, parts[0]) for index, part in enumerate(value))


def _member(class_: type[enum.Enum], name: Any) -> Any:
    for member in class_:
        if kebab(member.name.lower()) == name:
            return member
    raise Mismatch(f"expected a name of {class_.__name__}, got {_shown(name)}")


def _case(class_: type) -> str | None:
    """The case of a variant, whose classes the bindings name `Shape_LightBlue`."""
    variant, _, case = class_.__name__.partition("_")
    if not case or not variant or not class_.__module__.startswith("wit_world"):
        return None
    words = "".join(f"-{char.lower()}" if char.isupper() else char for char in case)
    return kebab(words.strip("-"))


def _int(value: Any) -> int:
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value)
    _expect(isinstance(value, int) and not isinstance(value, bool), value, "a whole number", None)
    return int(value)


def _float(value: Any) -> float:
    if isinstance(value, str) and value in _FLOATS:
        return _FLOATS[value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    _expect(is_number, value, "a number", None)
    return float(value)


def _bytes(value: Any) -> bytes:
    if isinstance(value, list):
        return bytes(value)
    _expect(isinstance(value, str), value, "base64 text", None)
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise Mismatch(f"expected base64 text, got {_shown(value)}") from None


def _bool(value: Any) -> bool:
    return bool(_expect(isinstance(value, bool), value, "true or false", value))


def _str(value: Any) -> str:
    return str(_expect(isinstance(value, str), value, "text", value))


_SIMPLE: dict[type, Callable[[Any], Any]] = {
    int: _int,
    float: _float,
    bytes: _bytes,
    bool: _bool,
    str: _str,
}


def _expect(fits: bool, value: Any, expected: str, then: Any) -> Any:
    if not fits:
        raise Mismatch(f"expected {expected}, got {_shown(value)}")
    return then


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"
