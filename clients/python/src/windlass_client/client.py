"""The client without `async`: where the host is, and everything that is no single invocation."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import httpx

from . import waits
from .answers import Bulk, Component, Host, Info, Invocation, QueueState, Schedule
from .asks import invocations, resources
from .calls import PLAIN, Call
from .flows import DEFAULT_SERVER, Ask, Core, pages
from .handle import Handle, Queue, enqueue, enqueue_many
from .settings import Filter, Grants, Options, SchedulePlan
from .transport import Transport

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class Client:
    """A client of the host at an address; connections are made when they are needed and kept.

    >>> with Client("http://127.0.0.1:7070") as client:  # doctest: +SKIP
    ...     handle = client.queue("mail").enqueue("hello/greet", ["Ada"])
    ...     print(handle.get_result())
    Hello, Ada!

    `patience` is for how many seconds a request is repeated while the host cannot be reached; what
    would do its work twice (a message, a fork) is repeated only if it surely never arrived. Threads
    may share a client.
    """

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        token: str | None = None,
        patience: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(Core.of(server, token, patience), transport)

    @classmethod
    def from_env(cls, *, patience: float = 10.0) -> Client:
        """A client of the host that `WINDLASS_SERVER` names, or of the one on this machine, with
        the token in `WINDLASS_TOKEN` if there is one."""
        server = os.environ.get("WINDLASS_SERVER", DEFAULT_SERVER)
        return cls(server, token=os.environ.get("WINDLASS_TOKEN"), patience=patience)

    @property
    def server(self) -> str:
        """The host's address."""
        return self._transport.core.server

    def close(self) -> None:
        """Closes its connections."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, ask: Ask[T]) -> T:
        return self._transport.run(self._transport.core.ask(ask))

    # Calls

    def queue(self, name: str) -> Queue:
        """The queue with this name, which need not exist yet."""
        return Queue(self._transport, name)

    def enqueue(
        self,
        task: str,
        args: Sequence[Any] | Mapping[str, Any] = (),
        **options: Unpack[Options],
    ) -> Handle[Any]:
        """Enqueues a call to the queue that the task's manifest names."""
        return self.call(Call(task, args, **options))

    def call(self, call: Call[T]) -> Handle[T]:
        """Enqueues a call to the queue that it names."""
        return enqueue(self._transport, call, None)

    def enqueue_many(self, calls: Iterable[Call[T]]) -> list[Handle[T]]:
        """Enqueues many calls, each to the queue that it names; as `Queue.enqueue_many`."""
        return enqueue_many(self._transport, calls, None)

    def handle(self, id: str) -> Handle[Any]:
        """The handle of the invocation with this id."""
        return Handle(self._transport, id, PLAIN)

    def wait_any(
        self, handles: Sequence[Handle[T]], timeout: float | None = None
    ) -> list[Handle[T]]:
        """Waits until at least one of these has ended, and gives those that have. Their results are
        there at once."""
        return self._transport.run(waits.wait_any(self._transport.core, handles, timeout))

    def wait_all(
        self, handles: Sequence[Handle[T]], timeout: float | None = None
    ) -> list[Handle[T]]:
        """Waits until all of these have ended, and gives them. Their results are there at once."""
        return self._transport.run(waits.wait_all(self._transport.core, handles, timeout))

    def invocation(self, id: str) -> Invocation:
        """The invocation with this id as it is now."""
        return self._ask(invocations.get(id))

    def invocations(
        self,
        *,
        include: Iterable[Literal["args", "outcome"]] = (),
        page_size: int | None = None,
        **filter: Unpack[Filter],
    ) -> Iterator[Invocation]:
        """The invocations that match, the newest first; asks for more pages as it goes.

        >>> for one in client.invocations(queue="mail", state="failed"):  # doctest: +SKIP
        ...     print(one.id)
        """
        ask = invocations.listing(include=include, limit=page_size, **filter)
        return self._transport.iterate(pages(self._transport.core, ask))

    def cancel_all(
        self,
        *,
        all: bool = False,
        dry_run: bool = False,
        reason: str | None = None,
        **filter: Unpack[Filter],
    ) -> Bulk:
        """Cancels all that match, or tells how many do. Where the filter says nothing, `all` has
        to."""
        return self._ask(
            invocations.bulk("cancel", filter, all=all, dry_run=dry_run, reason=reason)
        )

    def retry_all(
        self, *, all: bool = False, dry_run: bool = False, **filter: Unpack[Filter]
    ) -> Bulk:
        """Retries all dead letters that match, or tells how many do."""
        return self._ask(invocations.bulk("retry", filter, all=all, dry_run=dry_run))

    def resume_all(
        self, *, all: bool = False, dry_run: bool = False, **filter: Unpack[Filter]
    ) -> Bulk:
        """Resumes all that match, were cancelled and not done again since, or tells how many."""
        return self._ask(invocations.bulk("resume", filter, all=all, dry_run=dry_run))

    # Queues and schedules

    def queues(self) -> Iterator[QueueState]:
        """The queues."""
        return self._transport.iterate(pages(self._transport.core, resources.queues()))

    def schedules(self) -> Iterator[Schedule]:
        """The schedules, by name."""
        return self._transport.iterate(pages(self._transport.core, resources.schedules()))

    def schedule(self, name: str) -> Schedule:
        """A schedule with its next firings."""
        return self._ask(resources.schedule(name))

    def put_schedule(self, name: str, **plan: Unpack[SchedulePlan]) -> Schedule:
        """Makes a schedule, or replaces all that it says. Whether it is paused stays unless it is
        said.

        >>> client.put_schedule("nightly", cron="0 3 * * *", task="reports/make")  # doctest: +SKIP
        """
        return self._ask(resources.put_schedule(name, plan))

    def delete_schedule(self, name: str) -> None:
        """Deletes a schedule. What it enqueued stays."""
        self._ask(resources.delete_schedule(name))

    def pause_schedule(self, name: str) -> Schedule:
        """Has a schedule not fire."""
        return self._ask(resources.pause_schedule(name, True))

    def resume_schedule(self, name: str) -> Schedule:
        """Has a schedule fire again from now on."""
        return self._ask(resources.pause_schedule(name, False))

    def trigger(self, name: str) -> Handle[Any]:
        """Enqueues a schedule's call now, and leaves the schedule as it is."""
        return self.handle(self._transport.run(resources.trigger(self._transport.core, name)))

    # Components and hosts

    def upload(
        self,
        name: str,
        component: bytes | Path,
        *,
        version: str | None = None,
        bind: Iterable[str] = (),
        workflows: Iterable[str] = (),
        tasks: Iterable[str] = (),
    ) -> Component:
        """Uploads a component: its bytes or its file. The same bytes under the same version again
        change nothing; other bytes under a version that exists are refused."""
        code = component.read_bytes() if isinstance(component, Path) else component
        return self._ask(resources.upload(name, code, version, bind, workflows, tasks))

    def components(self) -> Iterator[Component]:
        """All versions of all components."""
        return self._transport.iterate(pages(self._transport.core, resources.components()))

    def versions(self, name: str) -> list[Component]:
        """All versions of a component, the highest last."""
        return self._ask(resources.versions(name))

    def component(self, name: str, version: str | None = None) -> Component:
        """A component: this version, or the highest that is no pre-release."""
        return self._transport.run(resources.component(self._transport.core, name, version))

    def wit(self, name: str, version: str | None = None) -> str:
        """The interfaces of a component, as WIT text."""
        return self._transport.run(resources.wit(self._transport.core, name, version))

    def grants(self, name: str) -> Grants:
        """What a component may do beyond its sandbox."""
        return self._ask(resources.grants(name))

    def set_grants(self, name: str, **grants: Unpack[Grants]) -> Grants:
        """Replaces what a component may do beyond its sandbox."""
        return self._ask(resources.set_grants(name, grants))

    def info(self) -> Info:
        """What answers, and with what it stores."""
        return self._ask(resources.info())

    def healthz(self) -> None:
        """Returns if the host lives."""
        self._ask(resources.healthz())

    def hosts(self) -> list[Host]:
        """The live hosts."""
        return self._ask(resources.hosts())
