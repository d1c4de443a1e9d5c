"""What a caller may say about calls, queues and schedules.

Times are seconds or a `timedelta` where Python takes them (`Options`), and carry their unit where
they go over the wire as they are (`backoff_ms`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypedDict

from .plain import Json


class _RetriesMax(TypedDict):
    #: At most so many attempts after the first.
    max: int


class Retries(_RetriesMax, total=False):
    """How often a failed attempt is made again, and when.

    The wait before the n-th retry is `backoff_ms * factor ** (n - 1)`, at most `max_backoff_ms`,
    less a random part of it of at most `jitter`.
    """

    #: 1000 by default.
    backoff_ms: int
    #: 2 by default.
    factor: float
    #: An hour by default.
    max_backoff_ms: int
    #: From 0 to 1; 0.1 by default.
    jitter: float
    #: Kinds, or `guest:CASE` for a guest's error of one case; `guest`, `trap`, `limit` and
    #: `timeout` by default.
    on: list[str]


class _DedupKey(TypedDict):
    key: str


class Dedup(_DedupKey, total=False):
    """Of one key in a queue there is one invocation that has not ended, or within a period."""

    #: What becomes of a second call: it is answered with the first (`return`, the default), is
    #: refused, or takes the place of the first if that has not started.
    on_conflict: Literal["return", "reject", "replace"]
    #: For how long after its enqueue an invocation keeps the key, even if it has ended.
    period_ms: int


class _DebounceKey(TypedDict):
    key: str
    #: How long to wait after the last call.
    period_ms: int


class Debounce(_DebounceKey, total=False):
    """Calls of one key wait until none has come for a while; the last one wins."""

    #: How long after the first call it starts in any case.
    deadline_ms: int


class RateLimit(TypedDict):
    """At most so many starts in any period of this length, over all hosts."""

    limit: int
    period_ms: int


class Partitions(TypedDict, total=False):
    """Limits of each partition of a queue."""

    concurrency: int | None
    rate_limit: RateLimit | None


class Keep(TypedDict, total=False):
    """What is kept: whatever is older, or beyond the count, is deleted."""

    age_ms: int | None
    count: int | None


class Retention(TypedDict, total=False):
    """For how long invocations that have ended are kept, by how they ended."""

    succeeded: Keep | None
    failed: Keep | None
    cancelled: Keep | None


class QueueSettings(TypedDict, total=False):
    """What a queue allows. What is left out stays as it is, None takes a limit away."""

    #: At most so many invocations at once over all hosts.
    concurrency: int | None
    #: At most so many invocations at once on one host.
    worker_concurrency: int | None
    #: At most so many starts in a period, over all hosts.
    rate_limit: RateLimit | None
    #: Limits of each partition; the limits above then hold for all partitions together.
    partitions: Partitions | None
    #: Whether retries keep their place and hold what follows, and starts happen in order; None
    #: means: where the concurrency is 1.
    ordered: bool | None
    #: Whether nothing starts.
    paused: bool
    #: How long one attempt may take, where the call does not say.
    timeout_ms: int | None
    #: How often a failed attempt is made again, where the call does not say.
    retries: Retries | None
    #: For how long what has ended is kept.
    retention: Retention | None


class Options(TypedDict, total=False):
    """What a call may say beside task and arguments."""

    #: The same call under an id again is the same invocation; one is made where none is given.
    id: str
    #: Lower goes first; 0 by default.
    priority: int
    #: How long one attempt may take; seconds.
    timeout: float | timedelta
    #: From enqueue to outcome, waiting included; seconds.
    deadline: float | timedelta
    #: Not before so much time has passed; seconds.
    delay: float | timedelta
    #: Not before this moment: with a time zone, or as RFC 3339 text.
    start_at: datetime | str
    #: The partition, on a queue that has partitions.
    partition: str
    #: How often a failed attempt is made again; a number is `{"max": number}`.
    retries: Retries | int
    dedup: Dedup
    debounce: Debounce
    #: For people and filters.
    tags: dict[str, str]


class Filter(TypedDict, total=False):
    """Which invocations: those for which all that is said holds."""

    queue: str
    state: str
    #: As it was written when it was enqueued.
    task: str
    #: With a task of this component, of any version.
    component: str
    #: With all of these tags.
    tags: dict[str, str]
    #: Ended with an error of this kind.
    kind: str
    partition: str
    #: Enqueued then or later: RFC 3339, or how long ago, such as `15m`.
    since: str
    #: Enqueued earlier.
    until: str
    #: Enqueued by this workflow.
    parent: str
    #: Failed, and not done again since.
    dead: bool


class _PlanTask(TypedDict):
    #: Five fields (minute, hour, day of month, month, day of week), six with seconds first, or
    #: `@hourly` and the like.
    cron: str
    #: Resolved anew at each firing.
    task: str


class SchedulePlan(_PlanTask, total=False):
    """A schedule to be made or changed."""

    #: By its IANA name; UTC by default.
    timezone: str
    queue: str
    args: list[Json] | dict[str, Json]
    #: Fields of a call as they go over the wire, such as `priority` and `timeout_ms`.
    options: dict[str, Json]
    #: What becomes of times at which no host looked for over a minute.
    missed: Literal["skip", "backfill"]
    #: What becomes of a firing while the one before has not ended.
    overlap: Literal["queue", "skip", "replace"]
    #: As before by default.
    paused: bool


class Grants(TypedDict, total=False):
    """What a component may do beyond its sandbox."""

    #: The hosts that it may call by HTTP.
    http: list[str]
    environment: dict[str, str]
    #: The queues on which its workflows may enqueue; `*` for all.
    queues: list[str]
    #: The tasks of other components that its workflows may call by name.
    tasks: list[str]
