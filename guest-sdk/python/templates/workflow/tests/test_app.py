"""Tests of the task and the workflow, without a host: tasks run when they are enqueued."""

import unittest

from app import add_up, summarize
from windlass_guest import testing
from wit_world.exports.tasks import Summary


class Summarizing(unittest.TestCase):
    def test_a_letter_is_summarized(self) -> None:
        self.assertEqual(summarize("dear Ada"), Summary(words=2, longest="dear"))

    def test_an_empty_letter_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "the letter is empty"):
            summarize("")


class AddingUp(unittest.TestCase):
    def setUp(self) -> None:
        testing.reset()

    def test_many_letters_are_added_up(self) -> None:
        totals = add_up(["dear Ada", "good bye, Charles"])

        self.assertEqual((totals.letters, totals.words, totals.longest), (2, 5, "Charles"))
        self.assertEqual(testing.published("letters"), 2)

    def test_a_letter_that_fails_is_told_by_its_number(self) -> None:
        with self.assertRaisesRegex(ValueError, "letter 1: the letter is empty"):
            add_up(["dear Ada", ""])
