"""Ids of invocations, made here so that a call that is sent twice is the same call."""

from __future__ import annotations

import secrets
import threading
import time
import uuid

_RANDOM_BITS = 74
_lock = threading.Lock()
_last_ms = 0
_last_random = 0


def uuid7() -> str:
    """A UUIDv7. Ids made later sort later, which keeps the host's index of them compact."""
    global _last_ms, _last_random
    with _lock:
        now = time.time_ns() // 1_000_000
        if now > _last_ms:
            _last_ms = now
            # The highest bit stays free, so that a millisecond never runs out of ids.
            _last_random = secrets.randbits(_RANDOM_BITS - 1)
        else:
            _last_random += 1 + secrets.randbits(32)
        ms, random = _last_ms, _last_random
    high, low = random >> 62, random & ((1 << 62) - 1)
    return str(uuid.UUID(int=ms << 80 | 7 << 76 | high << 64 | 2 << 62 | low))
