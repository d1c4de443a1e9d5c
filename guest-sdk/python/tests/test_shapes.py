"""Values that do not fit their WIT types are named before the bindings see them."""

import unittest
from dataclasses import dataclass
from typing import Any

from windlass_guest import Ok, Some
from windlass_guest._shapes import Unfit, verify


@dataclass
class Summary:
    words: Any
    longest: Any


SUMMARY = ["record", "Summary", [["words", "u32"], ["longest", "string"]]]


class Shapes(unittest.TestCase):
    def assert_unfit(self, shape: Any, value: Any, words: str) -> None:
        with self.assertRaises(Unfit) as raised:
            verify(shape, value, "it")
        self.assertIn(words, str(raised.exception))

    def test_a_number_beyond_its_type_is_named_with_its_limits(self) -> None:
        self.assert_unfit(SUMMARY, Summary(-1, ""), "it.words is -1, expected 0 to 4294967295 (u32)")
        self.assert_unfit(["list", "s8"], [1, 128], "it[1] is 128, expected -128 to 127")
        self.assert_unfit("f64", 10**400, "expected a float")
        verify(["list", "u64"], [0, 2**64 - 1], "it")

    def test_a_lone_surrogate_is_named_with_its_place(self) -> None:
        self.assert_unfit("string", "ab\ud800", "it has the lone surrogate '\\ud800' at 2")
        verify("string", "é𝄞", "it")

    def test_a_value_of_another_type_is_named(self) -> None:
        self.assert_unfit(SUMMARY, None, "it is None, expected a Summary")
        self.assert_unfit("bytes", [1, 2], "expected bytes (list<u8>)")
        self.assert_unfit("char", "ab", "a str of one character")
        self.assert_unfit("nothing", 1, "expected None")
        self.assert_unfit(["tuple", ["u8", "u8"]], [1, 2], "a tuple of 2")
        self.assert_unfit(["list", "u8"], (1, 2), "a list")
        self.assert_unfit(["option", ["option", "u8"]], 3, "Some(…)")
        self.assert_unfit(["variant", "Shape", [["Shape_Dot", None]]], 3, "a Shape: Shape_Dot")
        self.assert_unfit(["result", "u8", None], Ok(256), "it.value is 256")

    def test_what_fits_passes(self) -> None:
        verify(["option", ["option", "u8"]], Some(None), "it")
        verify(["result", None, "string"], Ok(None), "it")
        verify(SUMMARY, Summary(1, "a"), "it")
        verify(["list", ["list", SUMMARY]], [[], [Summary(1, "a")]], "it")
        verify(None, object(), "it")
