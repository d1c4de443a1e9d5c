"""What a host answers, as values.

Moments are RFC 3339 texts in UTC with microseconds. What a newer host says besides is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .plain import Json
from .settings import Partitions, RateLimit, Retention, Retries

T = TypeVar("T")

#: The states in which nothing can happen any more.
FINAL_STATES = frozenset(["succeeded", "failed", "cancelled"])


def read(kind: type[T], json: Json) -> T:
    """Reads a `kind` from JSON."""
    if not isinstance(json, Mapping):
        raise ValueError(f"expected {kind.__name__}, got {type(json).__name__}")
    given = {}
    for one in dataclasses.fields(kind):  # type: ignore[arg-type]
        if one.name in json:
            value = json[one.name]
            inner = one.metadata.get("read")
            given[one.name] = value if inner is None or value is None else inner(value)
    try:
        return kind(**given)
    except TypeError as error:
        raise ValueError(f"{kind.__name__}: {error}") from error


def _of(kind: type[Any]) -> dict[str, Any]:
    return {"read": lambda json: read(kind, json)}


def _each(kind: type[Any]) -> dict[str, Any]:
    return {"read": lambda json: tuple(read(kind, one) for one in json)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an invocation did not succeed; `TaskFailed` says what the fields are."""

    kind: str
    message: str
    limit: str | None = None
    payload: Json = None
    backtrace: tuple[str, ...] = field(default=(), metadata={"read": tuple})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an invocation ended: with a value, or with an error."""

    #: What the function returned, of a `result<T, E>` the T.
    value: Json = None
    #: Why there is no value.
    error: Failure | None = field(default=None, metadata=_of(Failure))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an invocation is, as it says itself."""

    done: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """An invocation as it stands."""

    id: str
    queue: str
    #: The task as the caller wrote it.
    task: str
    #: `task` or `workflow`.
    kind: str = "task"
    #: The digest of the component, fixed when it was enqueued.
    digest: str
    #: `scheduled`, `queued`, `running`, `waiting`, `succeeded`, `failed` or `cancelled`.
    state: str
    #: The newest attempt, 0 before the first.
    attempt: int
    #: Lower goes first.
    priority: int
    enqueued_at: str
    started_at: str | None = None
    finished_at: str | None = None
    timeout_ms: int | None = None
    #: The number of the host that runs it or ran it last.
    host: int | None = None
    #: The workflow that enqueued it.
    parent: str | None = None
    #: The invocation from whose journal it began.
    forked_from: str | None = None
    #: The invocation that this one does again.
    retry_of: str | None = None
    #: The newest invocation that does this one again.
    retried_as: str | None = None
    partition: str | None = None
    #: Not before this moment.
    due_at: str | None = None
    #: It ends by then.
    deadline_at: str | None = None
    retries: Retries | None = None
    #: How many times it was tried again after a failure.
    retried: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    #: Whether somebody asked for its end, which has not come yet.
    cancelling: bool = False
    progress: Progress | None = field(default=None, metadata=_of(Progress))
    #: The arguments by position: when asked for singly, and in lists with `include`.
    args: list[Json] | None = None
    #: How it ended; none before, and in lists without `include`.
    outcome: Outcome | None = field(default=None, metadata=_of(Outcome))

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen any more."""
        return self.state in FINAL_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """An event: the invocation, when its state or attempt has changed."""

    invocation: Invocation


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChunk:
    """A piece of an invocation's log."""

    #: The attempt that wrote it.
    attempt: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A value that a workflow shows to the outside under a name."""

    name: str
    value: Json
    #: Grows with everything that the invocation publishes, under whatever name.
    revision: int
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at running an invocation."""

    attempt: int
    host: int | None = None
    started_at: str | None = None
    ended_at: str | None = None
    #: Why it ended without an outcome.
    lost: str | None = None
    #: Of which kind its failure was, where it failed and was tried again.
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that holds an invocation back."""

    #: `paused`, `scheduled`, `ahead`, `slots-taken`, `no-host` …
    code: str
    #: For people.
    message: str
    until: str | None = None
    opens_at: str | None = None
    taken: int | None = None
    limit: int | None = None
    ahead: int | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What holds an invocation back."""

    state: str
    #: None if it runs, has ended, or is the next to start.
    reasons: tuple[Reason, ...] = field(default=(), metadata=_each(Reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a workflow."""

    #: Its number, from 1.
    number: int
    #: `enqueue`, `call`, `sleep`, `receive` …
    kind: str
    request: Json
    #: What was answered; none while it is not.
    result: Json = None
    #: The invocations that it enqueued.
    children: tuple[str, ...] = field(default=(), metadata={"read": tuple})
    asked_at: str
    answered_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An invocation to which something could not be done."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """What became of all invocations that matched."""

    matched: int
    #: To how many of them it was done.
    done: int
    #: Whether more may match than one request looks at: send it again.
    more: bool
    dry_run: bool
    #: The first few that match.
    items: tuple[Invocation, ...] = field(default=(), metadata=_each(Invocation))
    #: The first few to which it could not be done.
    refused: tuple[Refused, ...] = field(default=(), metadata=_each(Refused))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many invocations of a queue are in each state."""

    scheduled: int = 0
    queued: int = 0
    running: int = 0
    waiting: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    #: How long ago the oldest of those in their place was stored.
    oldest_queued_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """A queue: its settings as they were put, and its counts."""

    name: str
    concurrency: int | None = None
    worker_concurrency: int | None = None
    rate_limit: RateLimit | None = None
    partitions: Partitions | None = None
    ordered: bool | None = None
    paused: bool = False
    timeout_ms: int | None = None
    retries: Retries | None = None
    retention: Retention | None = None
    counts: Counts = field(metadata=_of(Counts))
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule as it stands."""

    name: str
    cron: str
    timezone: str
    queue: str
    task: str
    args: Json
    options: Json
    missed: str
    overlap: str
    paused: bool
    #: The next five times at which it fires; none while it is paused.
    next: tuple[str, ...] = field(default=(), metadata={"read": tuple})
    last_at: str | None = None
    last_id: str | None = None
    last_error: str | None = None
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A parameter of a task."""

    name: str
    #: Its type, as WIT.
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An exported function that can be called."""

    name: str
    #: Such as `demo:images/tasks@0.1.0`; none at world level.
    interface: str | None = None
    #: `task` or `workflow`.
    kind: str = "task"
    params: tuple[Param, ...] = field(default=(), metadata=_each(Param))
    #: The type of what it returns, as WIT.
    result: str | None = None
    docs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An exported function that cannot be called."""

    name: str
    interface: str | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A version of a component."""

    name: str
    version: str
    #: The sha-256 of its bytes, in lower-case hexadecimal.
    digest: str
    size: int
    uploaded_at: str
    tasks: tuple[Task, ...] = field(default=(), metadata=_each(Task))
    skipped: tuple[Skipped, ...] = field(default=(), metadata=_each(Skipped))


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A live host."""

    number: int
    name: str
    address: str
    version: str
    #: The queues that it serves; none means all of them.
    queues: list[str] | None = None
    started_at: str
    #: How many invocations it holds.
    holds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What answers."""

    version: str
    #: `sqlite` or `postgres`.
    backend: str
    host: int
