"""Tests of the workflow; what it calls in other languages is said by the test."""

import unittest
from unittest.mock import patch

from app import report
from windlass_guest import Err, testing
from wit_world.imports import counting, drawing
from wit_world.imports.counting import Word


class Reporting(unittest.TestCase):
    def setUp(self) -> None:
        testing.reset()

    def test_the_words_of_all_letters_are_added_up(self) -> None:
        words = [[Word("ada", 1), Word("dear", 1)], [Word("dear", 2)]]

        with patch.object(counting, "count", side_effect=words):
            with patch.object(drawing, "draw", return_value="a card") as draw:
                card = report(["dear Ada", "dear, dear"])

        self.assertEqual(card, "a card")
        bars = [drawing.Bar("dear", 3), drawing.Bar("ada", 1)]
        draw.assert_called_once_with("2 letters", bars)
        self.assertEqual(testing.published("counted"), 2)

    def test_the_error_of_a_task_is_that_of_the_workflow(self) -> None:
        with patch.object(counting, "count", side_effect=Err("the letter is empty")):
            with self.assertRaises(Err):
                report([""])
