"""The app against a real host: `WINDLASS_SERVER`, or one that `WINDLASS_BIN` is started as."""

from __future__ import annotations

import asyncio
import os
import random
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from app import QUEUE, app

from windlass_client import Client, Invocation

T = TypeVar("T")

HERE = Path(__file__).parent


def needed(name: str) -> str:
    """A variable of the environment, without which there is nothing to test."""
    if value := os.environ.get(name):
        return value
    if os.environ.get("CI"):
        pytest.fail(f"{name} has to be set")
    pytest.skip(f"set {name}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a host."""
    if address := os.environ.get("WINDLASS_SERVER"):
        yield address
        return
    data = tmp_path_factory.mktemp("data")
    command = [needed("WINDLASS_BIN"), "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        found = re.search(r"http://[\w.:]+", host.stdout.readline())
        assert found
        yield found[0]
        host.terminate()


@pytest.fixture
def client(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of the host, which has the component; the app finds the same host."""
    monkeypatch.setenv("WINDLASS_SERVER", server)
    with Client(server) as client:
        guests = Path(needed("WINDLASS_TEST_GUESTS"))
        client.upload("events", guests / "in_order_events.wasm")
        yield client


def with_app(what: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
    """Does something with the app, from its start to its end."""

    async def main() -> T:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as http:
                return await what(http)

    return asyncio.run(main())


def fresh_ids(count: int) -> range:
    """Ids of events that no earlier run has used."""
    first = random.randrange(2**52)
    return range(first, first + count)


def test_events_are_processed_one_after_the_other_in_the_order_of_their_arrival(
    client: Client,
) -> None:
    ids = fresh_ids(20)

    async def deliver(http: httpx.AsyncClient) -> list[str]:
        enqueued = []
        for id in ids:
            event = {"id": id, "account": "ada", "what": "deposited", "cents": 5}
            answer = await http.post("/events", json=event)
            assert answer.status_code == 202, answer.text
            enqueued.append(answer.json()["id"])
        last = await http.get(f"/events/{ids[-1]}", params={"wait": 30})
        receipt = {"id": ids[-1], "line": f"{ids[-1]}: 5 cents came into ada"}
        assert last.json() == {"state": "processed", "receipt": receipt}
        return enqueued

    handles = [client.handle(id) for id in with_app(deliver)]

    done: list[Invocation] = [one.wait() for one in client.wait_all(handles, timeout=60)]
    assert [one.id for one in done] == [f"event-{id}" for id in ids]
    assert client.queue(QUEUE).get().concurrency == 1
    for before, after in pairwise(done):
        assert before.finished_at and after.started_at
        assert before.finished_at <= after.started_at


def test_an_event_that_is_delivered_twice_is_processed_once(client: Client) -> None:
    event = {"id": fresh_ids(1)[0], "account": "ada", "what": "opened"}

    async def deliver(http: httpx.AsyncClient) -> list[str]:
        answers = [await http.post("/events", json=event) for _ in range(2)]
        return [answer.json()["id"] for answer in answers]

    first, second = with_app(deliver)

    assert first == second
    assert client.handle(first).wait(timeout=60).attempt == 1


def test_what_goes_wrong_is_told(client: Client) -> None:
    id = fresh_ids(1)[0]

    async def deliver(http: httpx.AsyncClient) -> list[tuple[int, dict[str, object]]]:
        nameless = {"id": id, "account": "", "what": "closed"}
        other = {"id": id, "account": "bob", "what": "opened"}
        answers = [
            await http.post("/events", json=nameless),
            await http.get(f"/events/{id}", params={"wait": 30}),
            await http.post("/events", json=other),
            await http.get(f"/events/{id + 1}"),
            await http.post("/events", json={"id": -1}),
        ]
        return [(answer.status_code, answer.json()) for answer in answers]

    accepted, failed, taken, unknown, invalid = with_app(deliver)

    assert accepted[0] == 202
    assert failed[1] == {"state": "failed", "why": "no-account"}
    assert (taken[0], unknown[0], invalid[0]) == (409, 404, 422)


def test_the_stubs_are_those_of_the_component(client: Client, tmp_path: Path) -> None:
    out = tmp_path / "events.py"
    command = [needed("WINDLASS_BIN"), "client", "generate", "--lang", "python", "events"]

    subprocess.run([*command, "--out", str(out)], check=True)

    def without_digest(file: Path) -> str:
        return re.sub(r"^Made from .*", "", file.read_text(), flags=re.MULTILINE)

    assert without_digest(HERE / "events.py") == without_digest(out)
