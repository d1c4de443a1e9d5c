"""A program that uses generated stubs: type-checked strictly, and run, by `test_stubs`.

`hello_stubs` and `types_stubs` are generated before. Every value goes to a real host and back.
"""

from __future__ import annotations

import math
from typing import TypeVar

import hello_stubs as hello
import types_stubs as types

from windlass_client import AsyncClient, Client, Err, Handle, Ok, Options, Result, Some, TaskFailed

T = TypeVar("T")

#: Longer than anything here takes, in seconds.
LONG = 60.0

LINE = types.Line(article='"tea"\n', count=2**32 - 1, price=0.1)

ORDERS = [
    types.Order(
        order_id=2**64 - 1,
        lines=[LINE, LINE],
        note=None,
        permissions=types.Permissions.READ | types.Permissions.EXECUTE,
        color=types.Color.LIGHT_BLUE,
        shape=shape,
        picture=bytes(range(256)),
        balance=-(2**63),
    )
    for shape in (
        types.ShapeCircle(1.5),
        types.ShapeRectangle((-0.0, 1e300)),
        types.ShapeLines([LINE]),
        types.ShapeNothing(),
    )
]


def same(handle: Handle[T], value: T) -> None:
    """What went there comes back, and of the same type."""
    back = handle.get_result(timeout=LONG)
    assert back == value, f"{back} is not {value}"
    assert type(back) is type(value)


def echoes(client: Client, queue: str) -> None:
    """Every type goes there and back."""
    echo = types.Types(client, queue)
    same(echo.echo_u8(255), 255)
    same(echo.echo_u16(2**16 - 1), 2**16 - 1)
    same(echo.echo_echo_u32(7), 7)
    same(echo.again_echo_u32(7), 8)
    same(echo.echo_u64(2**64 - 1), 2**64 - 1)
    same(echo.echo_s8(-128), -128)
    same(echo.echo_s16(-(2**15)), -(2**15))
    same(echo.echo_s32(-(2**31)), -(2**31))
    same(echo.echo_s64(-(2**63)), -(2**63))
    same(echo.echo_f32(0.5), 0.5)
    same(echo.echo_f64(-math.inf), -math.inf)
    assert math.isnan(echo.echo_f64(math.nan).get_result(timeout=LONG))
    same(echo.echo_bool(True), True)
    same(echo.echo_char("𝄞"), "𝄞")
    same(echo.echo_string("über\0"), "über\0")
    same(echo.echo_bytes(b"\x00\xff"), b"\x00\xff")
    same(echo.echo_list([1, -1]), [1, -1])
    same(echo.echo_names(["a", ""]), ["a", ""])
    same(echo.echo_nested_list([[], ["x"]]), [[], ["x"]])
    same(echo.echo_tuple((1, "x", False)), (1, "x", False))
    nothing: str | None = None
    same(echo.echo_option(), nothing)
    same(echo.echo_option("x"), "x")
    for option in (None, Some(None), Some(3)):
        same(echo.echo_nested_option(option), option)
    for order in ORDERS:
        same(echo.echo_record(order), order)
        same(echo.echo_variant(order.shape), order.shape)
    keywords = types.Record(type="t", list=["l"])
    same(echo.echo_keywords(keywords), keywords)
    for color in types.Color:
        same(echo.echo_enum(color), color)
    same(echo.echo_flags(types.Permissions(0)), types.Permissions(0))
    many = types.ManyFlags.F0 | types.ManyFlags.F16
    same(echo.echo_many_flags(many), many)
    results: list[Result[int, str]] = [Ok(3), Err("no")]
    for result in results:
        same(echo.echo_result(result), (result,))
    same(echo.join("a", "b", 2), "abab")
    same(echo.nothing(), None)
    same(echo.top_level(), (7, "top"))


def failures(client: Client, queue: str) -> None:
    """A failure has its payload as its type."""
    echo = types.Types(client, queue)
    same(echo.return_result(Ok(4)), 4)
    same(echo.return_bare_result(True), None)
    for handle, payload in (
        (echo.return_result(Err("no")), "no"),
        (echo.return_typed_error(types.ShapeCircle(2.0)), types.ShapeCircle(2.0)),
        (echo.return_bare_result(False), None),
        (echo.return_only_ok(False), None),
    ):
        try:
            handle.get_result(timeout=LONG)
        except TaskFailed as failed:
            assert (failed.kind, failed.payload) == ("guest", payload)
        else:
            raise AssertionError("it did not fail")


def many(client: Client, queue: str) -> None:
    """Calls are made first and enqueued together, with options of their own."""
    options: Options = {"priority": 1, "tags": {"purpose": "test"}}
    calls = [hello.HelloCalls.add(n, 1, options=options) for n in range(10)]
    handles = client.queue(queue).enqueue_many(calls)
    sums: list[int] = [one.get_result() for one in client.wait_all(handles, timeout=LONG)]
    assert sums == list(range(1, 11))
    assert handles[0].status().tags == {"purpose": "test"}


async def with_async(client: AsyncClient, queue: str) -> None:
    """The same with `async`."""
    handle = await hello.AsyncHello(client).greet("Ada", queue=queue)
    greeting: str = await handle.get_result(timeout=LONG)
    assert greeting == "Hello, Ada!"
    order = await types.AsyncTypes(client, queue).echo_record(ORDERS[0])
    assert await order.get_result(timeout=LONG) == ORDERS[0]
