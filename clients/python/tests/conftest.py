"""A client of each face, and a real host."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faces import Blocking

from windlass_client import AsyncClient, Client

ROOT = Path(__file__).parents[3]

Connect = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes clients of one face, and closes them."""
    if request.param == "sync":
        clients: list[Client] = []

        def plain(server: str, **options: Any) -> Client:
            clients.append(Client(server, **options))
            return clients[-1]

        yield plain
        for client in clients:
            client.close()
        return
    loop = asyncio.new_event_loop()
    waiting: list[Blocking] = []

    def blocking(server: str, **options: Any) -> Blocking:
        waiting.append(Blocking(AsyncClient(server, **options), loop))
        return waiting[-1]

    yield blocking
    for one in waiting:
        one.close()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real host: `WINDLASS_SERVER`, or one that `WINDLASS_BIN` is started as."""
    if address := os.environ.get("WINDLASS_SERVER"):
        yield address
        return
    binary = os.environ.get("WINDLASS_BIN")
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("WINDLASS_SERVER or WINDLASS_BIN has to be set")
        pytest.skip("needs a host: set WINDLASS_SERVER or WINDLASS_BIN")
    data = tmp_path_factory.mktemp("data")
    command = [binary, "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        said = host.stdout.readline()
        found = re.search(r"http://[\w.:]+", said)
        assert found, f"the host said {said!r}"
        yield found[0]
        host.terminate()


@pytest.fixture(scope="session")
def hello(server: str) -> str:
    """The component `hello`, uploaded."""
    upload(server, "hello", ROOT / "host/assets/hello.wasm")
    return "hello"


def guest(server: str, name: str) -> str:
    """A component of tests/guests, uploaded."""
    folder = os.environ.get("WINDLASS_TEST_GUESTS")
    if folder is None:
        if os.environ.get("CI"):
            pytest.fail("WINDLASS_TEST_GUESTS has to be set")
        pytest.skip("needs the guests of the tests: set WINDLASS_TEST_GUESTS")
    return upload(server, name, Path(folder) / f"{name}.wasm")


def upload(server: str, name: str, file: Path) -> str:
    """Uploads a component under a name."""
    with Client(server) as client:
        client.upload(name, file)
    return name


@pytest.fixture(scope="session")
def flows(server: str) -> str:
    """The workflows of tests/guests, uploaded."""
    return guest(server, "flows")


@pytest.fixture
def client(connect: Connect, server: str) -> Any:
    """A client of the real host."""
    return connect(server)


@pytest.fixture
def queue_name() -> str:
    """The name of a queue that nobody else uses."""
    return f"q-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def queue(client: Any, queue_name: str) -> Any:
    """That queue of the real host."""
    return client.queue(queue_name)
