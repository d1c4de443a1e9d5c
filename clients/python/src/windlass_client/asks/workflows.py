"""What goes to and from workflows, their steps, their past."""

from __future__ import annotations

from typing import Any

from .. import plain
from ..answers import Invocation, Published, Step
from ..flows import Ask, Page, Request, item, items, nothing, page
from .invocations import in_words


def _path(id: str, *more: str) -> tuple[str, ...]:
    return ("v1", "invocations", id, *more)


def message(id: str, name: str, value: Any) -> Ask[None]:
    """Sends a message, which the workflow takes under this name."""
    body = plain.dumps(value)
    return Ask(Request("POST", _path(id, "messages", name), body=body, once=True), nothing)


def published(id: str) -> Ask[list[Published]]:
    """Everything that it shows, by name."""
    return Ask(Request("GET", _path(id, "published")), items(Published))


def published_as(id: str, name: str, after: int, wait: float) -> Ask[Published]:
    """What it shows under a name, if that is later than a revision; or after so many seconds."""
    query = []
    if wait > 0:
        query.append(("wait", in_words(wait)))
    if after > 0:
        query.append(("after", str(after)))
    request = Request("GET", _path(id, "published", name), tuple(query), waiting=wait)
    return Ask(request, item(Published))


def steps(id: str, limit: int | None) -> Ask[Page[Step]]:
    """A page of its steps, in order."""
    query = () if limit is None else (("limit", str(limit)),)
    return Ask(Request("GET", _path(id, "steps"), query), page(Step))


def fork(id: str, step: int | None, version: str | None) -> Ask[Invocation]:
    """A new invocation that begins with its steps."""
    said = {"step": step, "version": version}
    body = plain.dumps({name: value for name, value in said.items() if value is not None})
    return Ask(Request("POST", _path(id, "fork"), body=body, once=True), item(Invocation))
