"""Watching one invocation: server-sent events, taken up again where a connection breaks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from . import plain
from .answers import Invocation, LogChunk, Progress, Published, StateChange, read
from .errors import ProtocolError, Unreachable
from .flows import (
    Answer,
    Core,
    Emit,
    Emits,
    Flow,
    Open,
    Pause,
    Read,
    Request,
    Unreached,
    accept,
    understood,
)

#: What happens to an invocation.
Event: TypeAlias = StateChange | Progress | LogChunk | Published

#: The longest event that is read: an invocation with an outcome of 4 MiB, with room for escapes.
EVENT_BYTES_MAX = 32 << 20

#: Between tries to connect again, in seconds.
PAUSE = 0.25


def events(core: Core, id: str) -> Emits[Event]:
    """From its present state to its end."""
    return Emits(_events(core, id))


def _events(core: Core, id: str) -> Flow[None]:
    path = ("v1", "invocations", id, "events")
    url = core.url(Request("GET", path))
    last_event_id: str | None = None
    shown: tuple[str, int] | None = None
    give_up: float | None = None
    while True:
        if give_up is None:
            give_up = time.monotonic() + core.patience
        try:
            opened: Answer = yield Open(Request("GET", path, last_event_id=last_event_id))
        except Unreached as error:
            if time.monotonic() + PAUSE >= give_up:
                raise Unreachable(core.server, str(error)) from error
            yield Pause(PAUSE)
            continue
        accept(opened)
        parser = Parser()
        while piece := (yield from _piece()):
            give_up = None
            if not parser.feed(piece):
                raise ProtocolError(url, "an event is too large")
            for message in parser.messages():
                last_event_id = message.id or last_event_id
                event = understood(url, partial(parsed, message))
                if isinstance(event, StateChange):
                    # The present state comes first each time the stream is taken up.
                    now = (event.invocation.state, event.invocation.attempt)
                    if now == shown:
                        continue
                    shown = now
                if event is not None:
                    yield Emit(event)
                if isinstance(event, StateChange) and event.invocation.is_final:
                    return
        yield Pause(PAUSE)


def _piece() -> Flow[bytes]:
    try:
        piece: bytes = yield Read()
    except Unreached:
        # As if the host had closed it: it is opened again.
        return b""
    return piece


@dataclass(slots=True)
class Message:
    """An event as it comes over the wire."""

    event: str = ""
    data: list[str] = field(default_factory=list)
    id: str | None = None


def parsed(message: Message) -> Event | None:
    """What a message says; none where its name is not known: a newer host may tell more."""
    kinds = {"progress": Progress, "log": LogChunk, "published": Published}
    if message.event != "state" and message.event not in kinds:
        return None
    json = plain.loads("\n".join(message.data))
    if message.event == "state":
        return StateChange(invocation=read(Invocation, json))
    event: Event = read(kinds[message.event], json)
    return event


class Parser:
    """Cuts a stream of bytes into server-sent events, as the HTML standard says."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []
        self._message = Message()
        self._size = 0

    def feed(self, piece: bytes) -> bool:
        """Takes what has arrived; false if an event grows beyond what is read."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._lines += [line.decode(errors="replace") for line in lines]
        self._size += len(piece)
        return self._size <= EVENT_BYTES_MAX

    def messages(self) -> list[Message]:
        """What has arrived whole."""
        found = []
        for line in self._lines:
            line = line.removesuffix("\r")
            if line:
                self._take(line)
                continue
            if self._message.data:
                found.append(self._message)
                self._size = len(self._rest)
            self._message = Message()
        self._lines = []
        return found

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._message.event = value
        elif name == "id":
            self._message.id = value
        elif name == "data":
            self._message.data.append(value)
