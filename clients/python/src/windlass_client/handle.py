"""Handles and queues, without `async`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import events, waits
from .answers import Attempt, Invocation, LogChunk, Published, QueueState, Step, Why
from .asks import invocations, resources, workflows
from .calls import Call, Reads
from .events import Event
from .flows import Ask, pages
from .settings import Options, QueueSettings
from .transport import Transport

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Handle(waits.Waited[T_co], Generic[T_co]):
    """An invocation by its id: whoever holds one can ask for the result, as often as wanted.

    >>> handle = client.queue("mail").enqueue("hello/greet", ["Ada"])  # doctest: +SKIP
    >>> handle.get_result(timeout=10)  # doctest: +SKIP
    'Hello, Ada!'
    """

    def __init__(self, transport: Transport, id: str, reads: Reads[T_co]) -> None:
        super().__init__(id, reads)
        self._transport = transport

    def _ask(self, ask: Ask[T]) -> T:
        return self._transport.run(self._transport.core.ask(ask))

    def get_result(self, timeout: float | None = None) -> T_co:
        """The value, when there is one; however long that takes.

        Raises `TaskFailed` if the invocation ended without a value, and `Timeout` if it has not
        ended after so many seconds.
        """
        return self._transport.run(waits.result(self._transport.core, self, timeout))

    def wait(self, timeout: float | None = None) -> Invocation:
        """The invocation when it has ended, however it did."""
        return self._transport.run(waits.ended(self._transport.core, self, timeout))

    def status(self) -> Invocation:
        """The invocation as it is now."""
        return self._transport.run(waits.status(self._transport.core, self))

    def events(self) -> Iterator[Event]:
        """What happens to it, from now to its end; goes on by itself where a connection breaks."""
        return self._transport.iterate(events.events(self._transport.core, self.id))

    def logs(self) -> list[LogChunk]:
        """What it wrote."""
        return self._ask(invocations.log(self.id))

    def cancel(self, reason: str | None = None) -> Invocation:
        """Asks for its end and for that of what it enqueued, and gives it as it stands."""
        return self._ask(invocations.cancel(self.id, reason))

    def retry(self) -> Handle[T_co]:
        """A new invocation of the same call, of one that failed; of a workflow one that begins
        before its first failed step."""
        again = self._ask(invocations.again(self.id, "retry"))
        return Handle(self._transport, again.id, self._reads)

    def resume(self) -> Handle[T_co]:
        """A new invocation of the same call, of one that was cancelled; of a workflow one that
        begins with the steps that were done."""
        again = self._ask(invocations.again(self.id, "resume"))
        return Handle(self._transport, again.id, self._reads)

    def fork(self, step: int | None = None, version: str | None = None) -> Handle[T_co]:
        """A new invocation that begins with the steps of this workflow, up to `step`; with another
        version of the component if one is given."""
        forked = self._ask(workflows.fork(self.id, step, version))
        return Handle(self._transport, forked.id, self._reads)

    def why(self) -> Why:
        """What holds it back, if it does not run."""
        return self._ask(invocations.why(self.id))

    def attempts(self) -> list[Attempt]:
        """Every try at running it, oldest first."""
        return self._ask(invocations.attempts(self.id))

    def message(self, name: str, value: Any) -> None:
        """Sends it a message, which it takes under this name if it is a workflow."""
        self._ask(workflows.message(self.id, name, value))

    def published(self) -> list[Published]:
        """What it shows to the outside, if it is a workflow."""
        return self._ask(workflows.published(self.id))

    def published_as(self, name: str, *, after: int = 0, timeout: float | None = None) -> Published:
        """What it shows under a name, when there is something of a later revision than `after`."""
        flow = waits.published(self._transport.core, self.id, name, after, timeout)
        return self._transport.run(flow)

    def steps(self) -> Iterator[Step]:
        """Its steps in order, if it is a workflow."""
        ask = workflows.steps(self.id, None)
        return self._transport.iterate(pages(self._transport.core, ask))


class Queue:
    """A queue by its name, which need not exist yet."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        self.name = name

    def __repr__(self) -> str:
        return f"Queue({self.name!r})"

    def enqueue(
        self,
        task: str,
        args: Sequence[Any] | Mapping[str, Any] = (),
        **options: Unpack[Options],
    ) -> Handle[Any]:
        """Enqueues a call. When this returns, the call is on the host's disk.

        >>> queue.enqueue("images/resize", [url, [64, 128]], priority=-1)  # doctest: +SKIP
        """
        return self.call(Call(task, args, **options))

    def call(self, call: Call[T]) -> Handle[T]:
        """Enqueues a call that was made before."""
        return enqueue(self._transport, call, self.name)

    def enqueue_many(self, calls: Iterable[Call[T]]) -> list[Handle[T]]:
        """Enqueues many calls; the handles are in their order. Up to 5,000 calls of together 16 MiB
        are enqueued all or none, more in as many requests as that takes.

        >>> queue.enqueue_many(Call("hello/greet", [n]) for n in names)  # doctest: +SKIP
        """
        return enqueue_many(self._transport, calls, self.name)

    def get(self) -> QueueState:
        """Its settings and counts."""
        run = self._transport.run
        return run(self._transport.core.ask(resources.queue(self.name)))

    def put(self, **settings: Unpack[QueueSettings]) -> QueueState:
        """Makes the queue, or changes what is said and leaves the rest; None takes a limit away.

        >>> client.queue("mail").put(concurrency=10)  # doctest: +SKIP
        """
        run = self._transport.run
        return run(self._transport.core.ask(resources.put_queue(self.name, settings)))


def enqueue(transport: Transport, call: Call[T], queue: str | None) -> Handle[T]:
    """Enqueues a call."""
    stored = transport.run(transport.core.ask(invocations.enqueue(call, queue)))
    handle = Handle(transport, stored.id, call.reads)
    handle.saw(stored)
    return handle


def enqueue_many(
    transport: Transport, calls: Iterable[Call[T]], queue: str | None
) -> list[Handle[T]]:
    """Enqueues many calls."""
    calls = list(calls)
    ids = transport.run(invocations.enqueue_many(transport.core, calls, queue))
    return [Handle(transport, id, call.reads) for id, call in zip(ids, calls, strict=True)]
