"""Carries the commands of flows out, over httpx: once with `async`, once without.

Connections are kept alive and shared by everything that a client does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any, TypeVar

import httpx

from .flows import Answer, Core, Emit, Emits, Flow, Open, Pause, Read, Request, Transmit, Unreached

T = TypeVar("T")

#: How long a connection may take to be made, in seconds.
CONNECT_TIMEOUT = 5.0

#: How long an answer may take, waiting that was asked for not counted, in seconds. Uploads compile:
#: a large component takes half a minute.
ANSWER_TIMEOUT = 180.0

#: Handles wait a connection each; the host has limits of its own.
_LIMITS = httpx.Limits(max_connections=256, max_keepalive_connections=64)

#: What surely never arrived.
_NEVER_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def _arguments(core: Core, request: Request, *, is_stream: bool) -> dict[str, Any]:
    headers = core.headers(request)
    if is_stream:
        headers["accept"] = "text/event-stream"
    answer = None if is_stream else ANSWER_TIMEOUT + request.waiting
    return {
        "method": request.method,
        "url": core.url(request),
        "params": request.query or None,
        "content": request.body,
        "headers": headers,
        "timeout": httpx.Timeout(answer, connect=CONNECT_TIMEOUT),
    }


def _unreached(error: httpx.TransportError) -> Unreached:
    reason = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        reason = "no answer in time"
    return Unreached(reason, may_have_arrived=not isinstance(error, _NEVER_ARRIVED))


class Transport:
    """Without `async`."""

    def __init__(self, core: Core, transport: httpx.BaseTransport | None) -> None:
        self.core = core
        self._http = httpx.Client(transport=transport, limits=_LIMITS)

    def close(self) -> None:
        self._http.close()

    def run(self, flow: Flow[T]) -> T:
        """Does what a flow says, and gives what it returns."""
        try:
            command = next(flow)
            while True:
                try:
                    done = self._one(command)
                except Unreached as error:
                    command = flow.throw(error)
                else:
                    command = flow.send(done)
        except StopIteration as end:
            value: T = end.value
            return value

    def iterate(self, emits: Emits[T]) -> Iterator[T]:
        """Does what a flow says, and hands out its items."""
        flow = emits.flow
        with ExitStack() as opened:
            pieces: Iterator[bytes] = iter(())
            try:
                command = next(flow)
                while True:
                    try:
                        done: Any = None
                        if isinstance(command, Emit):
                            yield command.item
                        elif isinstance(command, Open):
                            opened.close()
                            response = self._open(command.request)
                            opened.callback(response.close)
                            done, pieces = self._answer(response), response.iter_bytes()
                        elif isinstance(command, Read):
                            done = self._piece(pieces)
                        else:
                            done = self._one(command)
                    except Unreached as error:
                        command = flow.throw(error)
                    else:
                        command = flow.send(done)
            except StopIteration:
                return

    def _one(self, command: object) -> Any:
        if isinstance(command, Pause):
            time.sleep(command.seconds)
            return None
        assert isinstance(command, Transmit), command
        try:
            response = self._http.request(**_arguments(self.core, command.request, is_stream=False))
        except httpx.TransportError as error:
            raise _unreached(error) from error
        return Answer(str(response.url), response.status_code, response.content)

    def _open(self, request: Request) -> httpx.Response:
        asked = self._http.build_request(**_arguments(self.core, request, is_stream=True))
        try:
            return self._http.send(asked, stream=True)
        except httpx.TransportError as error:
            raise _unreached(error) from error

    def _answer(self, response: httpx.Response) -> Answer:
        try:
            body = b"" if response.is_success else response.read()
        except httpx.TransportError as error:
            raise _unreached(error) from error
        return Answer(str(response.url), response.status_code, body)

    def _piece(self, pieces: Iterator[bytes]) -> bytes:
        try:
            return next(pieces, b"")
        except (httpx.TransportError, httpx.StreamError) as error:
            raise Unreached(str(error), may_have_arrived=True) from error


class AsyncTransport:
    """With `async`."""

    def __init__(self, core: Core, transport: httpx.AsyncBaseTransport | None) -> None:
        self.core = core
        self._http = httpx.AsyncClient(transport=transport, limits=_LIMITS)

    async def close(self) -> None:
        await self._http.aclose()

    async def run(self, flow: Flow[T]) -> T:
        """Does what a flow says, and gives what it returns."""
        try:
            command = next(flow)
            while True:
                try:
                    done = await self._one(command)
                except Unreached as error:
                    command = flow.throw(error)
                else:
                    command = flow.send(done)
        except StopIteration as end:
            value: T = end.value
            return value

    async def iterate(self, emits: Emits[T]) -> AsyncIterator[T]:
        """Does what a flow says, and hands out its items."""
        flow = emits.flow
        async with AsyncExitStack() as opened:
            pieces: AsyncIterator[bytes] | None = None
            try:
                command = next(flow)
                while True:
                    try:
                        done: Any = None
                        if isinstance(command, Emit):
                            yield command.item
                        elif isinstance(command, Open):
                            await opened.aclose()
                            response = await self._open(command.request)
                            opened.push_async_callback(response.aclose)
                            done, pieces = await self._answer(response), response.aiter_bytes()
                        elif isinstance(command, Read):
                            done = await self._piece(pieces)
                        else:
                            done = await self._one(command)
                    except Unreached as error:
                        command = flow.throw(error)
                    else:
                        command = flow.send(done)
            except StopIteration:
                return

    async def _one(self, command: object) -> Any:
        if isinstance(command, Pause):
            await asyncio.sleep(command.seconds)
            return None
        assert isinstance(command, Transmit), command
        try:
            response = await self._http.request(
                **_arguments(self.core, command.request, is_stream=False)
            )
        except httpx.TransportError as error:
            raise _unreached(error) from error
        return Answer(str(response.url), response.status_code, response.content)

    async def _open(self, request: Request) -> httpx.Response:
        asked = self._http.build_request(**_arguments(self.core, request, is_stream=True))
        try:
            return await self._http.send(asked, stream=True)
        except httpx.TransportError as error:
            raise _unreached(error) from error

    async def _answer(self, response: httpx.Response) -> Answer:
        try:
            body = b"" if response.is_success else await response.aread()
        except httpx.TransportError as error:
            raise _unreached(error) from error
        return Answer(str(response.url), response.status_code, body)

    async def _piece(self, pieces: AsyncIterator[bytes] | None) -> bytes:
        assert pieces is not None, "a flow opens before it reads"
        try:
            return await anext(pieces, b"")
        except (httpx.TransportError, httpx.StreamError) as error:
            raise Unreached(str(error), may_have_arrived=True) from error
