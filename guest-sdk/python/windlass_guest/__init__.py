"""Write Windlass tasks in Python: an ordinary function with a decorator.

    from windlass_guest import task

    @task
    def summarize(letter: str) -> Summary:
        if not letter.split():
            raise ValueError("the letter is empty")
        ...

An exception becomes the error of the task where its WIT says `result<…, string>`; `raise Err(value)`
is an error of any other type. `print` and `logging` write to the invocation's log.

- `task`, `Err`, `Ok`, `Some`, `this_invocation`, `progress`: here
- `windlass_guest.workflow`: what goes on for longer
- `windlass_guest.testing`: tests without a host
"""

from ._host import Invocation, progress, this_invocation
from ._registry import task
from ._types import Err, Ok, Result, Some

__all__ = [
    "Err",
    "Invocation",
    "Ok",
    "Result",
    "Some",
    "progress",
    "task",
    "this_invocation",
]
