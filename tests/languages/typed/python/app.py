"""Workflows that call `demo:hello` by its type, one call after the other."""

from windlass_guest.workflow import workflow
from wit_world.imports import tasks as hello


@workflow
def sum(n: int) -> int:
    """Adds up 1 to `n`, a call for each number, each waiting for the last."""
    total = 0
    for number in range(1, n + 1):
        total = hello.add(total, number)
    return total


@workflow
def greet(names: list[str]) -> list[str]:
    """Greets everybody, one after the other."""
    return [hello.greet(name) for name in names]


@workflow
def fails(message: str) -> str:
    """What the task says to this: the error of its type."""
    return hello.fail(message)
