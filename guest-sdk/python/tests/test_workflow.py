"""The stand-in of the host, with which workflows are tested."""

import unittest
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from windlass_guest import task, testing
from windlass_guest import workflow as wf


@dataclass
class Summary:
    words: int
    longest: str


@task
def summarize(letter: str, least: int = 1) -> Summary:
    words = letter.split()
    if len(words) < least:
        raise ValueError("the letter is empty")
    return Summary(len(words), max(words, key=len))


class Workflows(unittest.TestCase):
    def setUp(self) -> None:
        testing.reset()

    def test_a_function_that_is_enqueued_gives_what_it_returns(self) -> None:
        by_position = wf.enqueue(summarize, ["dear Ada"])
        by_name = wf.enqueue(summarize, {"letter": "dear Ada", "least": 2}, retries=3)

        self.assertEqual(by_position.get_result(), Summary(2, "dear"))
        self.assertEqual(by_name.get_result(), Summary(2, "dear"))
        self.assertEqual(by_name.status(), wf.State.SUCCEEDED)

    def test_a_task_that_fails_raises_its_own_words(self) -> None:
        with self.assertRaises(wf.TaskFailed) as raised:
            wf.enqueue(summarize, [""]).get_result()

        self.assertEqual(str(raised.exception), "the letter is empty")
        self.assertEqual(raised.exception.kind, "guest")

    def test_a_task_by_its_name_is_what_the_test_says(self) -> None:
        testing.provide("letters/summarize", lambda letter: {"words": 1, "longest": letter})

        handle = wf.enqueue("letters/summarize", ["Ada"], returns=Summary)

        self.assertEqual(handle.get_result(), Summary(1, "Ada"))
        with self.assertRaisesRegex(wf.TaskFailed, "no host that knows images/resize"):
            wf.enqueue("images/resize", []).get_result()

    def test_a_mistake_in_a_call_is_told_at_once(self) -> None:
        wrong: Any = wf.enqueue
        with self.assertRaisesRegex(TypeError, "expected a list by position"):
            wrong(summarize, "dear Ada")
        with self.assertRaisesRegex(TypeError, "missing a required argument: 'letter'"):
            wrong(summarize, [])
        with self.assertRaisesRegex(TypeError, "print is no task: write @task above it"):
            wrong(print, [])
        with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'timout'"):
            wrong(summarize, [""], timout=3)

    def test_the_clock_goes_on_when_a_workflow_sleeps(self) -> None:
        before = wf.now()

        wf.sleep(timedelta(days=2))

        self.assertEqual(wf.now() - before, timedelta(days=2))
        with self.assertRaisesRegex(ValueError, "-1 is no duration"):
            wf.sleep(-1)

    def test_a_message_is_received_once_and_then_the_time_is_up(self) -> None:
        testing.send("approval", Summary(1, "yes"))

        self.assertEqual(wf.receive("approval", 3, returns=Summary), Summary(1, "yes"))
        self.assertIsNone(wf.receive("approval", 3))

    def test_a_step_gives_the_same_the_first_time_as_in_a_replay(self) -> None:
        def summary() -> Summary:
            return Summary(1, "a")

        self.assertEqual(wf.step("one", summary), Summary(1, "a"))
        self.assertEqual(wf.step(summary)(), Summary(1, "a"))
        with self.assertRaisesRegex(TypeError, "annotate what the function returns"):
            wf.step("two", lambda: Summary(1, "a"))

    def test_whoever_ended_first_is_given_itself(self) -> None:
        handles = wf.enqueue_many(summarize, [["a"], ["b"]])

        self.assertIs(wf.wait_any(handles), handles[0])
        self.assertTrue(wf.wait_all(handles, timeout=1))

    def test_going_on_as_new_ends_the_function(self) -> None:
        with self.assertRaises(testing.Continued) as raised:
            wf.continue_as_new([1, "two"])

        self.assertEqual(raised.exception.arguments, [1, "two"])
