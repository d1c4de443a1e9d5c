"""JSON of WIT values."""

import enum
import math
import unittest
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple, Union

from windlass_guest import Err, Ok, Some
from windlass_guest.data import Mismatch, dumps, loads


class Color(enum.Enum):
    RED = 0
    LIGHT_BLUE = 1


class Permissions(enum.Flag):
    READ = enum.auto()
    WRITE_ALL = enum.auto()


@dataclass
class Shape_Circle:
    value: float


@dataclass
class Shape_NoShape:
    pass


Verdict = Union[Ok[int], Err[str]]
Shape = Union[Shape_Circle, Shape_NoShape]
Shape_Circle.__module__ = Shape_NoShape.__module__ = "wit_world.exports.test"


@dataclass
class Order:
    order_id: int
    class_: Optional[str]
    colors: List[Color]


class Json(unittest.TestCase):
    def assert_both_ways(self, type_: Any, value: Any, text: str) -> None:
        self.assertEqual(dumps(value), text)
        self.assertEqual(loads(text, type_), value)

    def test_every_kind_of_value_goes_there_and_back(self) -> None:
        order = Order(order_id=2**64 - 1, class_=None, colors=[Color.LIGHT_BLUE])
        text = '{"order-id":18446744073709551615,"class":null,"colors":["light-blue"]}'
        self.assert_both_ways(Order, order, text)
        self.assert_both_ways(Permissions, ~Permissions(0), '["read","write-all"]')
        self.assert_both_ways(Shape, Shape_Circle(1.5), '{"circle":1.5}')
        self.assert_both_ways(Shape, Shape_NoShape(), '"no-shape"')
        self.assert_both_ways(bytes, b"\x00\xff", '"AP8="')
        self.assert_both_ways(Tuple[int, str], (1, "é"), '[1,"é"]')
        self.assert_both_ways(Verdict, Ok(3), '{"ok":3}')
        self.assert_both_ways(Verdict, Err("no"), '{"err":"no"}')
        self.assert_both_ways(float, -math.inf, '"-Infinity"')
        self.assert_both_ways(Optional[List[str]], None, "null")

    def test_an_option_in_an_option_keeps_apart_what_is_not_there(self) -> None:
        nested = Optional[Some[Optional[int]]]

        self.assert_both_ways(nested, None, "null")
        self.assert_both_ways(nested, Some(None), '{"some":null}')
        self.assert_both_ways(nested, Some(3), '{"some":3}')

    def test_what_does_not_fit_is_named_with_its_place(self) -> None:
        with self.assertRaisesRegex(Mismatch, "colors: 1: expected a name of Color, got 5"):
            loads('{"order-id":1,"colors":["red",5]}', Order)
        with self.assertRaisesRegex(Mismatch, "expected a whole number, got true"):
            loads("true", int)

    def test_what_wit_does_not_know_cannot_be_written(self) -> None:
        with self.assertRaisesRegex(TypeError, "a complex cannot be written as JSON"):
            dumps([1j])
