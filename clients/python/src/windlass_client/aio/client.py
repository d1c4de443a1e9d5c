"""The client with `async`: where the host is, and everything that is no single invocation."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import httpx

from .. import waits
from ..answers import Bulk, Component, Host, Info, Invocation, QueueState, Schedule
from ..asks import invocations, resources
from ..calls import PLAIN, Call
from ..flows import DEFAULT_SERVER, Ask, Core, pages
from ..settings import Filter, Grants, Options, SchedulePlan
from ..transport import AsyncTransport
from .handle import AsyncHandle, AsyncQueue, enqueue, enqueue_many

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class AsyncClient:
    """A client of the host at an address; connections are made when they are needed and kept.

    async with AsyncClient("http://127.0.0.1:7070") as client:
        handle = await client.queue("mail").enqueue("hello/greet", ["Ada"])
        print(await handle.get_result())

    `patience` is for how many seconds a request is repeated while the host cannot be reached;
    what would do its work twice (a message, a fork) is repeated only if it surely never arrived.
    Tasks of one event loop may share a client.
    """

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        token: str | None = None,
        patience: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._transport = AsyncTransport(Core.of(server, token, patience), transport)

    @classmethod
    def from_env(cls, *, patience: float = 10.0) -> AsyncClient:
        """A client of the host that `WINDLASS_SERVER` names, or of the one on this machine, with
        the token in `WINDLASS_TOKEN` if there is one."""
        server = os.environ.get("WINDLASS_SERVER", DEFAULT_SERVER)
        return cls(server, token=os.environ.get("WINDLASS_TOKEN"), patience=patience)

    @property
    def server(self) -> str:
        """The host's address."""
        return self._transport.core.server

    async def close(self) -> None:
        """Closes its connections."""
        await self._transport.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _ask(self, ask: Ask[T]) -> T:
        return await self._transport.run(self._transport.core.ask(ask))

    # Calls

    def queue(self, name: str) -> AsyncQueue:
        """The queue with this name, which need not exist yet."""
        return AsyncQueue(self._transport, name)

    async def enqueue(
        self,
        task: str,
        args: Sequence[Any] | Mapping[str, Any] = (),
        **options: Unpack[Options],
    ) -> AsyncHandle[Any]:
        """Enqueues a call to the queue that the task's manifest names."""
        return await self.call(Call(task, args, **options))

    async def call(self, call: Call[T]) -> AsyncHandle[T]:
        """Enqueues a call to the queue that it names."""
        return await enqueue(self._transport, call, None)

    async def enqueue_many(self, calls: Iterable[Call[T]]) -> list[AsyncHandle[T]]:
        """Enqueues many calls, each to the queue that it names; as `AsyncQueue.enqueue_many`."""
        return await enqueue_many(self._transport, calls, None)

    def handle(self, id: str) -> AsyncHandle[Any]:
        """The handle of the invocation with this id."""
        return AsyncHandle(self._transport, id, PLAIN)

    async def wait_any(
        self, handles: Sequence[AsyncHandle[T]], timeout: float | None = None
    ) -> list[AsyncHandle[T]]:
        """Waits until at least one of these has ended, and gives those that have. Their results are
        there at once."""
        return await self._transport.run(waits.wait_any(self._transport.core, handles, timeout))

    async def wait_all(
        self, handles: Sequence[AsyncHandle[T]], timeout: float | None = None
    ) -> list[AsyncHandle[T]]:
        """Waits until all of these have ended, and gives them. Their results are there at once."""
        return await self._transport.run(waits.wait_all(self._transport.core, handles, timeout))

    async def invocation(self, id: str) -> Invocation:
        """The invocation with this id as it is now."""
        return await self._ask(invocations.get(id))

    def invocations(
        self,
        *,
        include: Iterable[Literal["args", "outcome"]] = (),
        page_size: int | None = None,
        **filter: Unpack[Filter],
    ) -> AsyncIterator[Invocation]:
        """The invocations that match, the newest first; asks for more pages as it goes.

        >>> async for one in client.invocations(queue="mail", state="failed"):  # doctest: +SKIP
        ...     print(one.id)
        """
        ask = invocations.listing(include=include, limit=page_size, **filter)
        return self._transport.iterate(pages(self._transport.core, ask))

    async def cancel_all(
        self,
        *,
        all: bool = False,
        dry_run: bool = False,
        reason: str | None = None,
        **filter: Unpack[Filter],
    ) -> Bulk:
        """Cancels all that match, or tells how many do. Where the filter says nothing, `all` has
        to."""
        return await self._ask(
            invocations.bulk("cancel", filter, all=all, dry_run=dry_run, reason=reason)
        )

    async def retry_all(
        self, *, all: bool = False, dry_run: bool = False, **filter: Unpack[Filter]
    ) -> Bulk:
        """Retries all dead letters that match, or tells how many do."""
        return await self._ask(invocations.bulk("retry", filter, all=all, dry_run=dry_run))

    async def resume_all(
        self, *, all: bool = False, dry_run: bool = False, **filter: Unpack[Filter]
    ) -> Bulk:
        """Resumes all that match, were cancelled and not done again since, or tells how many."""
        return await self._ask(invocations.bulk("resume", filter, all=all, dry_run=dry_run))

    # Queues and schedules

    def queues(self) -> AsyncIterator[QueueState]:
        """The queues."""
        return self._transport.iterate(pages(self._transport.core, resources.queues()))

    def schedules(self) -> AsyncIterator[Schedule]:
        """The schedules, by name."""
        return self._transport.iterate(pages(self._transport.core, resources.schedules()))

    async def schedule(self, name: str) -> Schedule:
        """A schedule with its next firings."""
        return await self._ask(resources.schedule(name))

    async def put_schedule(self, name: str, **plan: Unpack[SchedulePlan]) -> Schedule:
        """Makes a schedule, or replaces all that it says. Whether it is paused stays unless it is
        said.

        >>> await client.put_schedule("night", cron="0 3 * * *", task="a/b")  # doctest: +SKIP
        """
        return await self._ask(resources.put_schedule(name, plan))

    async def delete_schedule(self, name: str) -> None:
        """Deletes a schedule. What it enqueued stays."""
        await self._ask(resources.delete_schedule(name))

    async def pause_schedule(self, name: str) -> Schedule:
        """Has a schedule not fire."""
        return await self._ask(resources.pause_schedule(name, True))

    async def resume_schedule(self, name: str) -> Schedule:
        """Has a schedule fire again from now on."""
        return await self._ask(resources.pause_schedule(name, False))

    async def trigger(self, name: str) -> AsyncHandle[Any]:
        """Enqueues a schedule's call now, and leaves the schedule as it is."""
        return self.handle(await self._transport.run(resources.trigger(self._transport.core, name)))

    # Components and hosts

    async def upload(
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
        return await self._ask(resources.upload(name, code, version, bind, workflows, tasks))

    def components(self) -> AsyncIterator[Component]:
        """All versions of all components."""
        return self._transport.iterate(pages(self._transport.core, resources.components()))

    async def versions(self, name: str) -> list[Component]:
        """All versions of a component, the highest last."""
        return await self._ask(resources.versions(name))

    async def component(self, name: str, version: str | None = None) -> Component:
        """A component: this version, or the highest that is no pre-release."""
        return await self._transport.run(resources.component(self._transport.core, name, version))

    async def wit(self, name: str, version: str | None = None) -> str:
        """The interfaces of a component, as WIT text."""
        return await self._transport.run(resources.wit(self._transport.core, name, version))

    async def grants(self, name: str) -> Grants:
        """What a component may do beyond its sandbox."""
        return await self._ask(resources.grants(name))

    async def set_grants(self, name: str, **grants: Unpack[Grants]) -> Grants:
        """Replaces what a component may do beyond its sandbox."""
        return await self._ask(resources.set_grants(name, grants))

    async def info(self) -> Info:
        """What answers, and with what it stores."""
        return await self._ask(resources.info())

    async def healthz(self) -> None:
        """Returns if the host lives."""
        await self._ask(resources.healthz())

    async def hosts(self) -> list[Host]:
        """The live hosts."""
        return await self._ask(resources.hosts())
