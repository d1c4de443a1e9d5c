"""Enqueue calls to a Windlass host and fetch their results by handle.

>>> from windlass_client import Client
>>> with Client.from_env() as client:  # doctest: +SKIP
...     handle = client.queue("mail").enqueue("hello/greet", ["Ada"])
...     print(handle.get_result(timeout=10))
Hello, Ada!

`AsyncClient` is the same with `async`.

- `client`, `handle`: the face without `async`; `aio`: with it
- `waits`: waiting for one result, or for any or all of many; `events`: watching one invocation
- `asks`: the requests, by resource
- `flows`: what is to be done, without doing it; `transport`: doing it
- `calls`, `settings`, `answers`: what is sent, what may be said, what comes back
- `codecs`: what the output of `windlass client generate` is made of
- `errors`: what can go wrong, and the way out
"""

from .aio import AsyncClient, AsyncHandle, AsyncQueue
from .answers import (
    Attempt,
    Bulk,
    Component,
    Counts,
    Failure,
    Host,
    Info,
    Invocation,
    LogChunk,
    Outcome,
    Param,
    Progress,
    Published,
    QueueState,
    Reason,
    Refused,
    Schedule,
    Skipped,
    StateChange,
    Step,
    Task,
    Why,
)
from .calls import Call, Reads
from .client import Client
from .codecs import Err, Ok, Result, Some
from .errors import (
    AddressError,
    ArgumentsError,
    Cancelled,
    Mistake,
    Problem,
    ProtocolError,
    TaskFailed,
    Timeout,
    Unreachable,
    ValueMismatch,
    WindlassError,
)
from .events import Event
from .flows import DEFAULT_SERVER
from .handle import Handle, Queue
from .settings import (
    Debounce,
    Dedup,
    Filter,
    Grants,
    Keep,
    Options,
    Partitions,
    QueueSettings,
    RateLimit,
    Retention,
    Retries,
    SchedulePlan,
)

__all__ = [
    "DEFAULT_SERVER",
    "AddressError",
    "ArgumentsError",
    "AsyncClient",
    "AsyncHandle",
    "AsyncQueue",
    "Attempt",
    "Bulk",
    "Call",
    "Cancelled",
    "Client",
    "Component",
    "Counts",
    "Debounce",
    "Dedup",
    "Err",
    "Event",
    "Failure",
    "Filter",
    "Grants",
    "Handle",
    "Host",
    "Info",
    "Invocation",
    "Keep",
    "LogChunk",
    "Mistake",
    "Ok",
    "Options",
    "Outcome",
    "Param",
    "Partitions",
    "Problem",
    "Progress",
    "ProtocolError",
    "Published",
    "Queue",
    "QueueSettings",
    "QueueState",
    "RateLimit",
    "Reads",
    "Reason",
    "Refused",
    "Result",
    "Retention",
    "Retries",
    "Schedule",
    "SchedulePlan",
    "Skipped",
    "Some",
    "StateChange",
    "Step",
    "Task",
    "TaskFailed",
    "Timeout",
    "Unreachable",
    "ValueMismatch",
    "Why",
    "WindlassError",
]
