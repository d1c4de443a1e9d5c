"""The face with `async`: the same names and meanings as without, on asyncio."""

from .client import AsyncClient
from .handle import AsyncHandle, AsyncQueue

__all__ = ["AsyncClient", "AsyncHandle", "AsyncQueue"]
