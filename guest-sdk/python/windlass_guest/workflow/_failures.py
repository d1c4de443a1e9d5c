"""Why a call did not succeed, and why one was not even enqueued."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from .. import data

E = TypeVar("E")


class TaskFailed(Exception):
    """An invocation did not succeed.

    Its text is the task's own error where that is text, else the message with the kind: so a
    workflow that lets it through fails with the words of its task.
    """

    def __init__(self, kind: str, message: str, payload: str | None = None) -> None:
        super().__init__(kind, message, payload)
        #: `guest` where the function returned an error; `trap`, `limit`, `timeout`, `host-lost`,
        #: `cancelled` …; `mismatch` where its value is not of the type that was expected.
        self.kind = kind
        #: For people.
        self.message = message
        self._payload = payload

    @property
    def payload(self) -> Any:
        """What the function returned as its error, as JSON has it; `None` if it did not return."""
        return self.payload_as(Any)

    @overload
    def payload_as(self, type_: type[E]) -> E | None: ...
    @overload
    def payload_as(self, type_: Any) -> Any: ...
    def payload_as(self, type_: Any) -> Any:
        """The error as a value of its type, a dataclass or a variant of the bindings."""
        return None if self._payload is None else data.loads(self._payload, type_)

    def __str__(self) -> str:
        payload = self.payload
        return payload if isinstance(payload, str) else f"{self.message} ({self.kind})"


class Refused(Exception):
    """The host did not do what it was asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        #: A word for programs, as in the problems of the HTTP interface: `task-unknown` …
        self.code = code
        #: For people, with the place and the way out.
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"
