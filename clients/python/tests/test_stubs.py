"""Generated stubs: strictly typed, and right about a real host."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT, guest

from windlass_client import AsyncClient, Client

HERE = Path(__file__).parent


def generate(server: str, component: str, out: Path) -> None:
    """Has stubs written of a component."""
    binary = os.environ.get("WINDLASS_BIN")
    if binary is None:
        pytest.skip("needs the command line: set WINDLASS_BIN")
    command = [binary, "client", "generate", "--lang", "python", component, "--out", str(out)]
    subprocess.run(command, check=True, env={**os.environ, "WINDLASS_SERVER": server})


@pytest.fixture(scope="module")
def stubs(server: str, hello: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stubs of two components that the host has."""
    folder = tmp_path_factory.mktemp("stubs")
    generate(server, hello, folder / "hello_stubs.py")
    generate(server, guest(server, "types"), folder / "types_stubs.py")
    return folder


@pytest.fixture
def uses(stubs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The program that uses the stubs."""
    monkeypatch.syspath_prepend(str(stubs))
    yield importlib.import_module("typed_uses")


def check(*paths: Path, stubs: Path) -> None:
    """Type-checks files as strictly as mypy can."""
    path = os.pathsep.join([str(HERE.parent / "src"), str(stubs)])
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *map(str, paths)]
    done = subprocess.run(
        command, env={**os.environ, "MYPYPATH": path}, capture_output=True, text=True, cwd=stubs
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_program_that_uses_stubs_is_strictly_typed(stubs: Path) -> None:
    check(HERE / "typed_uses.py", stubs / "hello_stubs.py", stubs / "types_stubs.py", stubs=stubs)


def test_stubs_with_awkward_names_are_strictly_typed_and_can_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = sorted(ROOT.glob("host/**/snapshots/*python_*.snap"))
    for snapshot in snapshots:
        _, _, text = snapshot.read_text().split("---\n", 2)
        (tmp_path / f"{snapshot.stem.split('python_')[1]}_snap.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))

    check(*tmp_path.glob("*.py"), stubs=tmp_path)

    names = [file.stem for file in sorted(tmp_path.glob("*.py"))]
    assert names == ["awkward_snap", "conformance_snap", "hello_snap"]
    for name in names:
        importlib.import_module(name)


def test_a_value_of_every_type_goes_there_and_back(
    uses: ModuleType, server: str, queue_name: str
) -> None:
    with Client(server) as client:
        uses.echoes(client, queue_name)


def test_a_failure_has_a_payload_of_its_type(
    uses: ModuleType, server: str, queue_name: str
) -> None:
    with Client(server) as client:
        uses.failures(client, queue_name)


def test_typed_calls_are_enqueued_together(uses: ModuleType, server: str, queue_name: str) -> None:
    with Client(server) as client:
        uses.many(client, queue_name)


def test_stubs_are_there_with_async(uses: ModuleType, server: str, queue_name: str) -> None:
    async def main() -> None:
        async with AsyncClient(server) as client:
            await uses.with_async(client, queue_name)

    asyncio.run(main())


def test_a_value_of_another_type_than_the_stubs_say_is_refused(
    uses: ModuleType, server: str, queue_name: str
) -> None:
    from windlass_client import Call, Reads, ValueMismatch, codecs

    reads: Reads[int] = codecs.reads(codecs.integer)
    with Client(server) as client:
        handle = client.queue(queue_name).call(Call("hello/greet", ["Ada"], reads=reads))

        with pytest.raises(ValueMismatch, match="expected int"):
            handle.get_result(timeout=60)
