"""Tests of the task as the ordinary function that it is."""

import unittest

from app import summarize
from wit_world.exports.tasks import Summary


class Summarizing(unittest.TestCase):
    def test_a_letter_is_summarized(self) -> None:
        self.assertEqual(summarize("dear Ada"), Summary(words=2, longest="dear"))

    def test_an_empty_letter_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "the letter is empty"):
            summarize("")
