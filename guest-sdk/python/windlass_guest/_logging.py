"""`logging` into the invocation's log, at the levels that the host knows."""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast

from ._host import host


class HostHandler(logging.Handler):
    """Hands records to the host."""

    def emit(self, record: logging.LogRecord) -> None:
        host().log(level_of(record.levelno), self.format(record))


def level_of(number: int) -> str:
    """The host's level for one of `logging`."""
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    if number >= logging.INFO:
        return "info"
    return "debug" if number >= logging.DEBUG else "trace"


def install() -> None:
    """Makes the root logger write to the host, once the author's module was imported.

    A level that the author has set stays; where there is none it is `INFO`. What `basicConfig` made
    of standard error is replaced, with its format.
    """
    root = logging.getLogger()
    handler = HostHandler()
    for other in root.handlers[:]:
        # Not its descendants, which write to files and the like.
        if type(other) is logging.StreamHandler:
            handler.setFormatter(other.formatter)
            root.removeHandler(other)
    root.addHandler(handler)
    if root.level == logging.WARNING:
        root.setLevel(logging.INFO)


def flush_each_line() -> None:
    """Lets `print` reach the log line by line: an instance has no end at which it is flushed."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            cast("_Text", stream).reconfigure(line_buffering=True)


class _Text(TextIO):
    def reconfigure(self, *, line_buffering: bool) -> None: ...
