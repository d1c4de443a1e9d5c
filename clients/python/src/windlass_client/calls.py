"""Calls: what is enqueued, and how what comes back is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from . import plain
from .answers import Invocation
from .errors import ArgumentsError, Cancelled, TaskFailed, ValueMismatch
from .ids import uuid7
from .plain import Json
from .settings import Options

if TYPE_CHECKING:
    from typing_extensions import Unpack

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Reads(Generic[T_co]):
    """How the JSON of an outcome is read: typed stubs have one a task."""

    value: Callable[[Json], T_co]
    #: The payload of a failure of kind `guest`.
    payload: Callable[[Json], Any]

    def value_of(self, invocation: Invocation) -> T_co:
        """The value of an invocation that has ended."""
        outcome = invocation.outcome
        if outcome is None or outcome.error is not None:
            raise self.failure_of(invocation)
        try:
            return self.value(outcome.value)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueMismatch(invocation.id, str(error)) from error

    def failure_of(self, invocation: Invocation) -> TaskFailed:
        """Why an invocation that has ended has no value."""
        error = invocation.outcome and invocation.outcome.error
        if not error:
            message = f"it is {invocation.state} without an outcome"
            return Cancelled(
                id=invocation.id, task=invocation.task, kind="cancelled", message=message
            )
        payload = error.payload
        if error.kind == "guest" and payload is not None:
            try:
                payload = self.payload(payload)
            except (ValueError, TypeError, KeyError, AttributeError):
                # The failure is what matters; its payload stays as it came.
                payload = error.payload
        kind = Cancelled if error.kind == "cancelled" else TaskFailed
        return kind(
            id=invocation.id,
            task=invocation.task,
            kind=error.kind,
            message=error.message,
            payload=payload,
            limit=error.limit,
            backtrace=error.backtrace,
        )


def _as_it_is(json: Json) -> Any:
    return json


#: Values as their JSON.
PLAIN: Reads[Any] = Reads(_as_it_is, _as_it_is)


class Call(Generic[T_co]):
    """A call of a task, for `enqueue_many`.

    >>> Call("hello/greet", ["Ada"], priority=-1)
    Call('hello/greet', ['Ada'])
    """

    @overload
    def __init__(
        self: Call[Any],
        task: str,
        args: Sequence[Any] | Mapping[str, Any] = (),
        *,
        queue: str | None = None,
        **options: Unpack[Options],
    ) -> None: ...

    @overload
    def __init__(
        self,
        task: str,
        args: Sequence[Any] | Mapping[str, Any] = (),
        *,
        queue: str | None = None,
        reads: Reads[T_co],
        **options: Unpack[Options],
    ) -> None: ...

    def __init__(
        self,
        task: str,
        args: Sequence[Any] | Mapping[str, Any] = (),
        *,
        queue: str | None = None,
        reads: Reads[T_co] = PLAIN,
        **options: Unpack[Options],
    ) -> None:
        self.task = task
        self.args = args
        self.queue = queue
        self.reads = reads
        self.options = options

    def __repr__(self) -> str:
        return f"Call({self.task!r}, {self.args!r})"

    def body(self, queue: str | None) -> dict[str, Json]:
        """What is sent, with an id, so that sending it again is harmless."""
        # By name below: a dictionary with known keys cannot be asked for a key that varies.
        options: dict[str, Any] = {**self.options}
        body: dict[str, Json] = {"task": self.task, "args": plain.arguments(self.args)}
        queue = self.queue or queue
        if queue is not None:
            body["queue"] = queue
        for name in ("id", "priority", "partition", "dedup", "debounce", "tags"):
            if options.get(name) is not None:
                body[name] = options[name]
        for name in ("timeout", "deadline", "delay"):
            time = options.get(name)
            if time is not None:
                body[f"{name}_ms"] = milliseconds(time)
        if (start_at := options.get("start_at")) is not None:
            body["start_at"] = _moment(start_at)
        if (retries := options.get("retries")) is not None:
            body["retries"] = {"max": retries} if isinstance(retries, int) else retries
        # What takes another one's place keeps that one's id, and may arrive twice as it is.
        replaces = (options.get("dedup") or {}).get("on_conflict") == "replace"
        if "id" not in body and not replaces and "debounce" not in body:
            body["id"] = uuid7()
        return body


def milliseconds(time: float | timedelta) -> int:
    """A length of time, given in seconds."""
    seconds = time.total_seconds() if isinstance(time, timedelta) else time
    if seconds < 0:
        raise ArgumentsError(f"a time of {seconds} seconds has passed before it began")
    return round(seconds * 1000)


def _moment(moment: datetime | str) -> str:
    if isinstance(moment, str):
        return moment
    if moment.tzinfo is None:
        raise ArgumentsError(
            f"{moment} is in no time zone; give it one, as in datetime.now(timezone.utc)"
        )
    return moment.isoformat()
