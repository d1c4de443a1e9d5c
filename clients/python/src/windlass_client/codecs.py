"""WIT values as Python values: what the output of `windlass client generate` is made of.

A codec turns a Python value into JSON as the host writes it, and back. The host checks what it is
sent and names the place of every mistake, so that encoding only has to spell; decoding raises a
`ValueError` where the component has other types than the stubs.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar, cast

from .calls import Call, Reads
from .plain import Json
from .settings import Options

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
E = TypeVar("E")
T_co = TypeVar("T_co", covariant=True)
F = TypeVar("F", bound=enum.Flag)
M = TypeVar("M", bound=enum.Enum)


@dataclass(frozen=True, slots=True)
class Ok(Generic[T_co]):
    """The good case of a `result` that is data."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Err(Generic[T_co]):
    """The bad case of a `result` that is data."""

    value: T_co


#: A `result` that is data, such as the field of a record. That of a task itself is its value, or
#: `TaskFailed` with the payload.
Result: TypeAlias = Ok[T] | Err[E]


@dataclass(frozen=True, slots=True)
class Some(Generic[T_co]):
    """The value of an option whose value is an option too, so that `Some(None)` is not `None`."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """How values of a type are written and read."""

    encode: Callable[[T], Json]
    decode: Callable[[Json], T]


def _wrong(expected: str, json: Json) -> NoReturn:
    raise ValueError(f"expected {expected}, got {json!r:.80}")


def _same(value: T) -> T:
    return value


def _checked(kind: type[T]) -> Codec[T]:
    def decode(json: Json) -> T:
        # A bool is an int to Python.
        if not isinstance(json, kind) or (kind is int and isinstance(json, bool)):
            _wrong(kind.__name__, json)
        return json

    return Codec(_same, decode)


boolean: Codec[bool] = _checked(bool)
#: Integers of every size: JSON's have as many digits as they need.
integer: Codec[int] = _checked(int)
text: Codec[str] = _checked(str)


def _float(json: Json) -> float:
    # NaN and the infinities are text.
    if isinstance(json, (int, float)) or json in ("NaN", "Infinity", "-Infinity"):
        return float(json)
    _wrong("a float", json)


number: Codec[float] = Codec(float, _float)


def _bytes(json: Json) -> bytes:
    return base64.b64decode(json, validate=True)


def _base64(value: bytes) -> Json:
    return base64.b64encode(value).decode("ascii")


data: Codec[bytes] = Codec(_base64, _bytes)

#: JSON as it is.
plain: Codec[Any] = Codec(_same, _same)

#: Of what is nothing at all.
unit: Codec[None] = Codec(lambda _: None, lambda _: None)


def listed(element: Codec[T]) -> Codec[list[T]]:
    """`list<T>`."""

    def decode(json: Json) -> list[T]:
        if not isinstance(json, list):
            _wrong("a list", json)
        return [element.decode(one) for one in json]

    return Codec(lambda value: [element.encode(one) for one in value], decode)


def mapped(key: Codec[K], value: Codec[V]) -> Codec[dict[K, V]]:
    """`map<K, V>`: an object where the keys are text, else pairs."""
    by_text = cast(Any, key) is text

    def encode(values: dict[K, V]) -> Json:
        pairs = [[key.encode(k), value.encode(v)] for k, v in values.items()]
        return dict(pairs) if by_text else pairs

    def decode(json: Json) -> dict[K, V]:
        pairs = json.items() if isinstance(json, dict) else json
        return {key.decode(k): value.decode(v) for k, v in pairs}

    return Codec(encode, decode)


def tupled(*elements: Codec[Any]) -> Codec[Any]:
    """`tuple<…>`."""

    def decode(json: Json) -> tuple[Any, ...]:
        if not isinstance(json, list) or len(json) != len(elements):
            _wrong(f"{len(elements)} elements", json)
        return tuple(codec.decode(one) for codec, one in zip(elements, json, strict=True))

    def encode(value: Sequence[Any]) -> Json:
        return [codec.encode(one) for codec, one in zip(elements, value, strict=True)]

    return Codec(encode, decode)


def optional(some: Codec[T]) -> Codec[T | None]:
    """`option<T>` whose T is no option."""
    return Codec(
        lambda value: None if value is None else some.encode(value),
        lambda json: None if json is None else some.decode(json),
    )


def nested_optional(some: Codec[T]) -> Codec[Some[T] | None]:
    """`option<option<…>>`: T is the inner option."""
    return Codec(
        lambda value: None if value is None else {"some": some.encode(value.value)},
        lambda json: None if json is None else Some(some.decode(json["some"])),
    )


def result(ok: Codec[T], err: Codec[E]) -> Codec[Ok[T] | Err[E]]:
    """`result<T, E>` as data."""

    def encode(value: Ok[T] | Err[E]) -> Json:
        if isinstance(value, Ok):
            return {"ok": ok.encode(value.value)}
        return {"err": err.encode(value.value)}

    def decode(json: Json) -> Ok[T] | Err[E]:
        name, payload = _single(json)
        if name == "ok":
            return Ok(ok.decode(payload))
        return Err(err.decode(payload)) if name == "err" else _wrong("ok or err", json)

    return Codec(encode, decode)


def record(kind: type[T], *fields: tuple[str, str, Codec[Any]]) -> Codec[T]:
    """A dataclass: each field's name in JSON and in Python, and its codec."""

    def encode(value: T) -> Json:
        return {wit: codec.encode(getattr(value, name)) for wit, name, codec in fields}

    def decode(json: Json) -> T:
        if not isinstance(json, Mapping):
            _wrong(kind.__name__, json)
        return kind(**{name: codec.decode(json[wit]) for wit, name, codec in fields})

    return Codec(encode, decode)


def variant(*cases: tuple[str, type[Any], Codec[Any] | None]) -> Codec[Any]:
    """Dataclasses, one a case: its name in JSON, and the codec of what it carries."""
    by_name = {wit: (kind, codec) for wit, kind, codec in cases}
    by_kind = {kind: (wit, codec) for wit, kind, codec in cases}

    def encode(value: Any) -> Json:
        wit, codec = by_kind[type(value)]
        return wit if codec is None else {wit: codec.encode(value.value)}

    def decode(json: Json) -> Any:
        name, payload = (json, None) if isinstance(json, str) else _single(json)
        if name not in by_name:
            _wrong(f"one of {', '.join(by_name)}", json)
        kind, codec = by_name[name]
        return kind() if codec is None else kind(codec.decode(payload))

    return Codec(encode, decode)


def enumeration(kind: type[M]) -> Codec[M]:
    """An `enum.Enum` whose values are the names in JSON."""
    return Codec(lambda value: value.value, kind)


def flags(kind: type[F], *names: str) -> Codec[F]:
    """An `enum.Flag` whose bits are these names, from the lowest."""

    def encode(value: F) -> Json:
        return [name for bit, name in enumerate(names) if value.value >> bit & 1]

    def decode(json: Json) -> F:
        bits = 0
        for name in json:
            bits |= 1 << names.index(name)
        return kind(bits)

    return Codec(encode, decode)


def reads(value: Codec[T], payload: Codec[Any] = plain) -> Reads[T]:
    """How the outcome of a task is read."""
    return Reads(value.decode, payload.decode)


def call(
    task: str, args: list[Json], reads: Reads[T], queue: str | None, options: Options | None
) -> Call[T]:
    """A call whose arguments are JSON already."""
    return Call(task, args, queue=queue, reads=reads, **(options or Options()))


def _single(json: Json) -> tuple[str, Json]:
    if not isinstance(json, dict) or len(json) != 1:
        _wrong("an object with one key", json)
    return next(iter(json.items()))
