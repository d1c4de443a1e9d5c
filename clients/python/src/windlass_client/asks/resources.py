"""Queues, components, schedules, hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import plain
from ..answers import Component, Host, Info, QueueState, Schedule
from ..errors import ProtocolError
from ..flows import Ask, Core, Flow, Page, Request, item, items, nothing, page
from ..settings import Grants, QueueSettings, SchedulePlan


def info() -> Ask[Info]:
    """What answers, and with what it stores."""
    return Ask(Request("GET", ("v1",)), item(Info))


def healthz() -> Ask[None]:
    """Whether the host lives."""
    return Ask(Request("GET", ("healthz",)), nothing)


def hosts() -> Ask[list[Host]]:
    """The live hosts."""
    return Ask(Request("GET", ("v1", "hosts")), items(Host))


def queues() -> Ask[Page[QueueState]]:
    """A page of the queues."""
    return Ask(Request("GET", ("v1", "queues")), page(QueueState))


def queue(name: str) -> Ask[QueueState]:
    """A queue's settings and counts."""
    return Ask(Request("GET", ("v1", "queues", name)), item(QueueState))


def put_queue(name: str, settings: QueueSettings) -> Ask[QueueState]:
    """Makes a queue, or changes what is said of it."""
    body = plain.dumps(settings)
    return Ask(Request("PUT", ("v1", "queues", name), body=body), item(QueueState))


def upload(
    name: str,
    component: bytes,
    version: str | None,
    bind: Iterable[str],
    workflows: Iterable[str],
    tasks: Iterable[str],
) -> Ask[Component]:
    """Stores a version of a component."""
    query = [("name", name)]
    if version is not None:
        query.append(("version", version))
    for field, values in (("bind", bind), ("workflow", workflows), ("task", tasks)):
        query += [(field, value) for value in values]
    request = Request(
        "POST", ("v1", "components"), tuple(query), component, content_type="application/wasm"
    )
    return Ask(request, item(Component))


def components() -> Ask[Page[Component]]:
    """A page of all versions of all components."""
    return Ask(Request("GET", ("v1", "components")), page(Component))


def versions(name: str) -> Ask[list[Component]]:
    """All versions of a component, the highest last."""
    return Ask(Request("GET", ("v1", "components", name)), items(Component))


def component(core: Core, name: str, version: str | None) -> Flow[Component]:
    """This version of a component, or the highest that is no pre-release."""
    path = ("v1", "components", name)
    if version is not None:
        return (yield from core.ask(Ask(Request("GET", (*path, version)), item(Component))))
    found = yield from core.ask(versions(name))
    if not found:
        raise ProtocolError(core.url(Request("GET", path)), "no version of a component that exists")
    # What stands behind a plus sign may have a minus sign in it.
    releases = [one for one in found if "-" not in one.version.partition("+")[0]]
    return (releases or found)[-1]


def wit(core: Core, name: str, version: str | None) -> Flow[str]:
    """The interfaces of a component, as WIT text."""
    if version is None:
        version = (yield from component(core, name, None)).version
    request = Request("GET", ("v1", "components", name, version, "wit"))
    return (yield from core.ask(Ask(request, bytes.decode)))


def grants(name: str) -> Ask[Grants]:
    """What a component may do beyond its sandbox."""
    return Ask(Request("GET", ("v1", "components", name, "grants")), plain.loads)


def set_grants(name: str, grants: Grants) -> Ask[Grants]:
    """Replaces what a component may do beyond its sandbox."""
    request = Request("PUT", ("v1", "components", name, "grants"), body=plain.dumps(grants))
    return Ask(request, plain.loads)


def schedules() -> Ask[Page[Schedule]]:
    """A page of the schedules, by name."""
    return Ask(Request("GET", ("v1", "schedules")), page(Schedule))


def schedule(name: str) -> Ask[Schedule]:
    """A schedule with its next firings."""
    return Ask(Request("GET", ("v1", "schedules", name)), item(Schedule))


def put_schedule(name: str, plan: SchedulePlan) -> Ask[Schedule]:
    """Makes a schedule, or replaces all that it says."""
    said: dict[str, Any] = {**plan, "args": plain.arguments(plan.get("args", []))}
    request = Request("PUT", ("v1", "schedules", name), body=plain.dumps(said))
    return Ask(request, item(Schedule))


def delete_schedule(name: str) -> Ask[None]:
    """Deletes a schedule. What it enqueued stays."""
    return Ask(Request("DELETE", ("v1", "schedules", name)), nothing)


def pause_schedule(name: str, paused: bool) -> Ask[Schedule]:
    """Has a schedule not fire, or fire again."""
    verb = "pause" if paused else "resume"
    return Ask(Request("POST", ("v1", "schedules", name, verb)), item(Schedule))


def trigger(core: Core, name: str) -> Flow[str]:
    """Enqueues a schedule's call now: the id."""
    # Each is a call of its own.
    request = Request("POST", ("v1", "schedules", name, "trigger"), once=True)
    return (yield from core.ask(Ask(request, lambda body: str(plain.loads(body)["id"]))))
