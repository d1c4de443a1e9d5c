"""What a module lacks is told when it is built."""

import types
import unittest
from typing import Any

from windlass_guest import Err, _entry, _registry, task
from windlass_guest._shapes import Unfit
from windlass_guest._wanted import mistakes, read
from windlass_guest.workflow import workflow


def spec(**changes: Any) -> dict[str, Any]:
    return {
        "protocol": "Tasks",
        "interface": "local:letters/tasks@0.1.0",
        "short": "tasks",
        "name": "add-up",
        "method": "add_up",
        "params": ["first", "second"],
        "is_async": False,
        "result": "u8",
        "error": "string",
        **changes,
    }


class Building(unittest.TestCase):
    def setUp(self) -> None:
        _registry.registered.clear()

    def mistakes(self, **changes: Any) -> str:
        return "\n".join(mistakes(read([spec(**changes)]), "app.py"))

    def test_a_function_that_is_there_is_fine(self) -> None:
        @task
        def add_up(first: int, second: int) -> int:
            return first + second

        self.assertEqual(self.mistakes(), "")

    def test_a_function_that_is_missing_is_named_with_its_parameters(self) -> None:
        self.assertIn(
            "app.py: add-up of the interface tasks is not implemented: "
            "add a function add_up(first, second)",
            self.mistakes(),
        )

    def test_a_function_that_the_wit_does_not_have_is_named(self) -> None:
        @task
        def add_upp(first: int, second: int) -> int:
            return first

        self.assertRegex(self.mistakes(), r"test_wanted.py:\d+: add_upp is marked @task, but")

    def test_an_async_function_is_refused_where_the_wit_is_not(self) -> None:
        @task
        async def add_up(first: int, second: int) -> int:
            return first

        self.assertRegex(self.mistakes(), r"test_wanted.py:\d+: add_up is an `async def`, but")
        self.assertEqual(self.mistakes(is_async=True), "")

    def test_other_parameters_are_refused_with_both(self) -> None:
        @workflow
        def add_up(first: int) -> int:
            return first

        self.assertRegex(
            self.mistakes(), r"add_up\(first: '?int'?\) -> '?int'? does not take .*\(first, second\)"
        )

    def test_two_of_the_same_name_are_told_apart_by_their_interface(self) -> None:
        @task(interface="tasks")
        def add_up(first: int, second: int) -> int:
            return 1

        mine = add_up

        def other(first: int, second: int) -> int:
            return 2

        other.__name__ = "add_up"
        task(interface="others")(other)

        both = [spec(), spec(short="others", protocol="Others")]
        self.assertEqual(mistakes(read(both), "app.py"), [])
        self.assertEqual(mine(1, 2), 1)


class Calling(unittest.TestCase):
    def call(self, function: Any, **changes: Any) -> Any:
        _registry.registered.clear()
        function.__name__ = "add_up"
        task(function)
        module = types.ModuleType("app")
        module.__file__ = __file__
        classes = _entry.protocols(module, [spec(params=[], **changes)])
        return classes["Tasks"]().add_up()

    def assert_raises_err(self, value: Any, function: Any, **changes: Any) -> None:
        with self.assertRaises(Err) as raised:
            self.call(function, **changes)
        self.assertEqual(raised.exception.value, value)

    def test_an_exception_is_the_error_of_a_task_whose_error_is_text(self) -> None:
        def fails() -> int:
            raise ValueError("the letter is empty")

        self.assert_raises_err("the letter is empty", fails)

    def test_an_exception_whose_text_says_little_comes_with_its_name(self) -> None:
        self.assert_raises_err("KeyError: 'name'", lambda: dict[str, int]()["name"])

    def test_an_exception_stays_one_where_there_is_no_error_to_return(self) -> None:
        with self.assertRaises(KeyError):
            self.call(lambda: dict[str, int]()["name"], error=None)

    def test_a_typed_error_is_raised_as_it_is(self) -> None:
        def fails() -> int:
            raise Err(7)

        self.assert_raises_err(7, fails, error="u8")

    def test_an_error_of_another_type_is_named(self) -> None:
        def fails() -> int:
            raise Err("seven")

        with self.assertRaisesRegex(Unfit, "add_up: error is 'seven', expected an int"):
            self.call(fails, error="u8")

        def is_number() -> int:
            raise Err(7)

        self.assert_raises_err("add_up: error is 7, expected a str (string)", is_number)

    def test_a_value_that_does_not_fit_is_an_error(self) -> None:
        said = "add_up: result is 256, expected 0 to 255 (u8)"
        self.assert_raises_err(said, lambda: 256)
