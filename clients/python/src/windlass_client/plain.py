"""Python values as JSON, and back.

Numbers keep their digits both ways: integers of any size, floats in the fewest digits that come
back as the same. What JSON cannot say, Windlass writes as text: bytes as base64, floats that are no
numbers as `"NaN"`, `"Infinity"`, `"-Infinity"`.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from .errors import ArgumentsError

#: What JSON can say.
Json: TypeAlias = Any


def dumps(value: Json) -> bytes:
    """The value as JSON text."""
    try:
        return _text(value)
    except ValueError as error:
        if isinstance(error, UnicodeEncodeError):
            raise ArgumentsError(f"cannot be written as JSON: {error}") from error
    except TypeError as error:
        raise ArgumentsError(f"cannot be written as JSON: {error}") from error
    # Rare, so that others do not pay for looking.
    try:
        return _text(_spelled(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentsError(f"cannot be written as JSON: {error}") from error


def loads(text: bytes | str) -> Json:
    """The value of JSON text."""
    return json.loads(text)


def arguments(args: Sequence[Any] | Mapping[str, Any]) -> Json:
    """The arguments of a call: by position or by name.

    A text is a sequence too, and never meant as one argument a letter.
    """
    if isinstance(args, Mapping):
        return dict(args)
    if isinstance(args, (str, bytes, bytearray)) or not isinstance(args, Sequence):
        raise ArgumentsError(
            f"the arguments are {type(args).__name__}; give a list by position or a dict by name, "
            f"as in [{args!r:.40}]"
        )
    return list(args)


def _text(value: Json) -> bytes:
    text = json.dumps(
        value,
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        default=_default,
    )
    return text.encode()


def _default(value: object) -> Json:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Enum):
        return value.value
    raise TypeError(
        f"{type(value).__name__} has no JSON; give numbers, text, bytes, lists and dicts"
    )


def _spelled(value: Json) -> Json:
    """The same with floats that are no numbers as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return float_text(value)
    if isinstance(value, Mapping):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(item) for item in value]
    return value


def float_text(value: float) -> str:
    """How a float that is no number is written."""
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
