"""Who answers what a task asks: the host in a component, a stand-in on the author's machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol

IN_COMPONENT = sys.platform == "wasi"


@dataclass(frozen=True)
class Invocation:
    """Who is running."""

    #: The handle, unique within its namespace.
    id: str
    namespace: str
    queue: str
    #: The task as the caller wrote it.
    task: str
    #: 1 for the first attempt; a workflow is always told 1.
    attempt: int


class Host(Protocol):
    """What a task may ask; levels are `trace`, `debug`, `info`, `warn`, `error`."""

    def this_invocation(self) -> Invocation: ...

    def log(self, level: str, message: str) -> None: ...

    def progress(self, done: int, total: int, note: str) -> None: ...


def host() -> Host:
    """The one that answers here."""
    if IN_COMPONENT:
        from . import _contract

        return _contract.task
    from . import _stand_in

    return _stand_in.task


def this_invocation() -> Invocation:
    """The invocation that this instance was made for."""
    return host().this_invocation()


def progress(done: int, total: int, note: str = "") -> None:
    """Tells whoever watches the invocation how far it is. Only the newest report is kept."""
    host().progress(done, total, note)


if IN_COMPONENT:
    # There are no files in a sandbox: what is imported is imported while the component is built.
    from . import _contract as _contract
