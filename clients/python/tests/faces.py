"""Both faces of the client behind one: what `AsyncClient` gives is waited for at once.

So every test is written once and runs with and without `async`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

from windlass_client import AsyncClient, AsyncHandle, AsyncQueue


class Blocking:
    """Stands before something with `async`, and waits for all that it does."""

    def __init__(self, inner: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._inner, name)
        if not callable(member):
            return member

        def call(*args: Any, **options: Any) -> Any:
            done = member(*[unwrapped(arg) for arg in args], **options)
            return self._wrapped(done)

        return call

    def __eq__(self, other: object) -> bool:
        return bool(self._inner == unwrapped(other))

    def __hash__(self) -> int:
        return hash(self._inner)

    def _wrapped(self, done: Any) -> Any:
        if inspect.iscoroutine(done):
            done = self._loop.run_until_complete(done)
        if isinstance(done, AsyncIterator):
            return self._items(done)
        if isinstance(done, (AsyncClient, AsyncHandle, AsyncQueue)):
            return Blocking(done, self._loop)
        if isinstance(done, list):
            return [self._wrapped(one) for one in done]
        return done

    def _items(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        end = object()

        async def following() -> Any:
            return await anext(items, end)

        while (one := self._loop.run_until_complete(following())) is not end:
            yield one


def unwrapped(value: Any) -> Any:
    """What stands behind a `Blocking`, also within a list."""
    if isinstance(value, Blocking):
        return value._inner
    if isinstance(value, list):
        return [unwrapped(one) for one in value]
    return value
