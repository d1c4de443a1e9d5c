"""Every type of WIT, there and back."""

from windlass_guest import Err, Ok, Result, Some, task
from wit_world.exports.echo import (
    Color,
    Line,
    ManyFlags,
    Order,
    Permissions,
    Record,
    Shape,
    Shape_Circle,
    Shape_Lines,
    Shape_Nothing,
    Shape_Rectangle,
)


@task
def echo_u8(v: int) -> int:
    return v


@task
def echo_u16(v: int) -> int:
    return v


@task
def echo_u32(v: int) -> int:
    return v


@task
def echo_u64(v: int) -> int:
    return v


@task
def echo_s8(v: int) -> int:
    return v


@task
def echo_s16(v: int) -> int:
    return v


@task
def echo_s32(v: int) -> int:
    return v


@task
def echo_s64(v: int) -> int:
    return v


@task
def echo_f32(v: float) -> float:
    return v


@task
def echo_f64(v: float) -> float:
    return v


@task
def echo_bool(v: bool) -> bool:
    return v


@task
def echo_char(v: str) -> str:
    return v


@task
def echo_string(v: str) -> str:
    return v


@task
def echo_bytes(v: bytes) -> bytes:
    return v


@task
def echo_list(v: list[int]) -> list[int]:
    return v


@task
def echo_longs(v: list[int]) -> list[int]:
    return v


@task
def echo_floats(v: list[float]) -> list[float]:
    return v


@task
def echo_names(v: list[str]) -> list[str]:
    return v


@task
def echo_nested_list(v: list[list[str]]) -> list[list[str]]:
    return v


@task
def echo_records(v: list[Line]) -> list[Line]:
    return v


@task
def echo_tuple(v: tuple[int, str, bool]) -> tuple[int, str, bool]:
    return v


@task
def echo_option(v: str | None) -> str | None:
    return v


@task
def echo_nested_option(v: Some[int | None] | None) -> Some[int | None] | None:
    return v


@task
def echo_record(v: Order) -> Order:
    return v


@task
def echo_keywords(record: Record) -> Record:
    return record


@task
def echo_variant(v: Shape) -> Shape:
    return v


@task
def echo_enum(v: Color) -> Color:
    return v


@task
def echo_flags(v: Permissions) -> Permissions:
    return v


@task
def echo_many_flags(v: ManyFlags) -> ManyFlags:
    return v


@task
def echo_result(v: Result[int, str]) -> tuple[Result[int, str]]:
    return (v,)


@task
def return_result(v: Result[int, str]) -> int:
    if isinstance(v, Err):
        raise v
    return v.value


@task
def return_typed_error(v: Shape) -> str:
    if isinstance(v, Shape_Nothing):
        return "nothing"
    raise Err(v)


@task
def return_bare_result(ok: bool) -> None:
    if not ok:
        raise Err(None)


@task
def return_only_ok(ok: bool) -> str:
    if not ok:
        raise Err(None)
    return "ok"


@task
def return_only_err(ok: bool) -> None:
    if not ok:
        raise ValueError("err")


@task
def join(first_part: str, second_part: str, times: int) -> str:
    return (first_part + second_part) * times


@task
def nothing() -> None:
    pass


@task
def turn(v: Order) -> Order:
    wide, narrow = v.position
    return Order(
        order_id=(v.order_id + 1) % 2**64,
        lines=[
            Line(line.article, (line.count + 1) % 2**32, line.price / 2)
            for line in reversed(v.lines)
        ],
        note="none" if v.note is None else v.note + "!",
        permissions=~v.permissions,
        color=Color((v.color.value + 1) % len(Color)),
        shape=_turned(v.shape),
        picture=bytes(byte ^ 255 for byte in v.picture),
        balance=-v.balance if v.balance != -(2**63) else v.balance,
        position=(narrow, wide),
        verdict=_other(v.verdict),
        initial="x",
        paid=not v.paid,
    )


def _turned(shape: Shape) -> Shape:
    match shape:
        case Shape_Circle(radius):
            return Shape_Rectangle((radius, radius))
        case Shape_Rectangle((width, _)):
            return Shape_Circle(width)
        case Shape_Lines(lines):
            return Shape_Lines(lines[::-1])
        case _:
            return shape


def _other(verdict: Result[int, str]) -> Result[int, str]:
    if isinstance(verdict, Ok):
        return Err(str(verdict.value))
    return Ok(len(verdict.value.encode()))
