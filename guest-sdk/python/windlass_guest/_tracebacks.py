"""Tracebacks as the author knows the files: without the SDK's own lines, and with the source.

A component has no files at run time, so the author's sources are kept while it is built.
"""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from types import ModuleType, TracebackType

_SDK = os.path.dirname(__file__)
_folders: list[str] = []


def keep(module: ModuleType) -> None:
    """Keeps the sources of the author's modules: this one and what lies beside and below it."""
    folder = os.path.dirname(os.path.abspath(module.__file__ or ""))
    _folders.append(folder + os.sep)
    for other in list(sys.modules.values()):
        file = getattr(other, "__file__", None)
        if file and os.path.abspath(file).startswith(folder + os.sep) and file.endswith(".py"):
            lines = linecache.getlines(file)
            # Without a time it is not compared with the file.
            linecache.cache[file] = (sum(map(len, lines)), None, lines, file)


def text(error: BaseException) -> str:
    """The traceback, as Python prints it."""
    shown = traceback.TracebackException.from_exception(error)
    _cut(shown, set())
    lines = "".join(shown.format())
    for folder in _folders:
        lines = lines.replace(f'File "{folder}', 'File "')
    return lines.rstrip()


def _cut(shown: traceback.TracebackException, seen: set[int]) -> None:
    seen.add(id(shown))
    theirs = [frame for frame in shown.stack if not frame.filename.startswith(_SDK)]
    shown.stack = traceback.StackSummary.from_list(theirs)
    for other in (shown.__cause__, shown.__context__):
        if other is not None and id(other) not in seen:
            _cut(other, seen)


def show(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    """What prints an exception that ends the instance."""
    print(text(error), file=sys.stderr, flush=True)
