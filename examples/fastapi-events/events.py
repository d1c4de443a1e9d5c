"""Typed calls of the tasks of `events`, written by `windlass client generate`.

Made from events 0.1.0 with the sha-256 8bf5a82d118ce3e48e4c46acdcf72d72ce63c137dc4d094f46d4128d824981dd.
Generate it anew rather than change it.

`Events` enqueues with a `Client`, `AsyncEvents` with an `AsyncClient`; `EventsCalls` makes calls
for `enqueue_many`.
"""

from __future__ import annotations

import builtins as _builtins
import dataclasses as _dataclasses
import enum as _enum

import windlass_client as _windlass
from windlass_client import codecs as _codecs


@_dataclasses.dataclass(frozen=True, slots=True)
class KindOpened:
    pass


@_dataclasses.dataclass(frozen=True, slots=True)
class KindDeposited:
    value: int


@_dataclasses.dataclass(frozen=True, slots=True)
class KindWithdrawn:
    value: int


@_dataclasses.dataclass(frozen=True, slots=True)
class KindClosed:
    pass


Kind = KindOpened | KindDeposited | KindWithdrawn | KindClosed


_kind_codec: _codecs.Codec[Kind] = _codecs.variant(
    ("opened", KindOpened, None),
    ("deposited", KindDeposited, _codecs.integer),
    ("withdrawn", KindWithdrawn, _codecs.integer),
    ("closed", KindClosed, None),
)


@_dataclasses.dataclass(frozen=True, slots=True)
class Event:
    id: int
    account: str
    kind: Kind


_event_codec: _codecs.Codec[Event] = _codecs.record(
    Event,
    ("id", "id", _codecs.integer),
    ("account", "account", _codecs.text),
    ("kind", "kind", _kind_codec),
)


@_dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    id: int
    line: str


_receipt_codec: _codecs.Codec[Receipt] = _codecs.record(
    Receipt,
    ("id", "id", _codecs.integer),
    ("line", "line", _codecs.text),
)


@_dataclasses.dataclass(frozen=True, slots=True)
class ProblemNoAccount:
    pass


@_dataclasses.dataclass(frozen=True, slots=True)
class ProblemCollectorDenied:
    value: str


@_dataclasses.dataclass(frozen=True, slots=True)
class ProblemCollectorFailed:
    value: str


Problem = ProblemNoAccount | ProblemCollectorDenied | ProblemCollectorFailed


_problem_codec: _codecs.Codec[Problem] = _codecs.variant(
    ("no-account", ProblemNoAccount, None),
    ("collector-denied", ProblemCollectorDenied, _codecs.text),
    ("collector-failed", ProblemCollectorFailed, _codecs.text),
)


_process_reads: _windlass.Reads[Receipt] = _codecs.reads(_receipt_codec, _problem_codec)


class EventsCalls:
    """Calls of the tasks of `events`, for `enqueue_many`."""

    @staticmethod
    def process(
        event: Event,
        collector: str | None = None,
        *,
        queue: str | None = None,
        options: _windlass.Options | None = None,
    ) -> _windlass.Call[Receipt]:
        return _codecs.call(
            "events/demo:events/tasks#process",
            [_event_codec.encode(event), _codecs.optional(_codecs.text).encode(collector)],
            _process_reads,
            queue,
            options,
        )


class Events:
    """Enqueues the tasks of `events`.

    They go to the queue of the call, else to that of this object, else to that of the task's manifest.
    """

    def __init__(self, client: _windlass.Client, queue: str | None = None) -> None:
        self._client = client
        self._queue = queue

    def process(
        self,
        event: Event,
        collector: str | None = None,
        *,
        queue: str | None = None,
        options: _windlass.Options | None = None,
    ) -> _windlass.Handle[Receipt]:
        call = EventsCalls.process(event, collector, queue=queue or self._queue, options=options)
        return self._client.call(call)


class AsyncEvents:
    """Enqueues the tasks of `events`.

    They go to the queue of the call, else to that of this object, else to that of the task's manifest.
    """

    def __init__(self, client: _windlass.AsyncClient, queue: str | None = None) -> None:
        self._client = client
        self._queue = queue

    async def process(
        self,
        event: Event,
        collector: str | None = None,
        *,
        queue: str | None = None,
        options: _windlass.Options | None = None,
    ) -> _windlass.AsyncHandle[Receipt]:
        call = EventsCalls.process(event, collector, queue=queue or self._queue, options=options)
        return await self._client.call(call)
