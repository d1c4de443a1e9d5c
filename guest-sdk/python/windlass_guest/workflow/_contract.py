"""`windlass:host/workflow` as a component imports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from .. import _contract
from .._types import Err
from ._failures import Refused, TaskFailed
from ._host import Call, HostHandle


class _Handle:
    """A handle of the host, whose errors are exceptions of the SDK."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def id(self) -> str:
        return cast(str, self.inner.id())

    def get_result(self) -> str:
        try:
            return cast(str, self.inner.get_result())
        except Err as error:
            failure: Any = error.value
            raise TaskFailed(failure.kind, failure.message, failure.payload) from None

    def status(self) -> Any:
        return self.inner.status()

    def cancel(self) -> None:
        self.inner.cancel()


class Workflow:
    """The functions of the interface."""

    def enqueue(self, call: Call) -> HostHandle:
        imported = _contract.workflow()
        return _Handle(_unless_refused(lambda: imported.enqueue(_call(imported, call))))

    def enqueue_many(self, calls: list[Call]) -> list[HostHandle]:
        imported = _contract.workflow()
        many = [_call(imported, call) for call in calls]
        return [_Handle(each) for each in _unless_refused(lambda: imported.enqueue_many(many))]

    def find(self, id: str) -> HostHandle:
        imported = _contract.workflow()
        return _Handle(_unless_refused(lambda: imported.find(id)))

    def wait_any(self, handles: Sequence[HostHandle], timeout_ms: int | None) -> int | None:
        return cast("int | None", _contract.workflow().wait_any(_inner(handles), timeout_ms))

    def wait_all(self, handles: Sequence[HostHandle], timeout_ms: int | None) -> bool:
        return cast(bool, _contract.workflow().wait_all(_inner(handles), timeout_ms))

    def sleep(self, ms: int) -> None:
        _contract.workflow().sleep(ms)

    def now(self) -> int:
        return cast(int, _contract.workflow().now())

    def random(self, length: int) -> bytes:
        return cast(bytes, _contract.workflow().random(length))

    def publish(self, name: str, value: str) -> None:
        _contract.workflow().publish(name, value)

    def receive(self, name: str, timeout_ms: int | None) -> str | None:
        return cast("str | None", _contract.workflow().receive(name, timeout_ms))

    def step_begin(self, name: str) -> str | None:
        return cast("str | None", _contract.workflow().step_begin(name))

    def step_end(self, value: str) -> None:
        _contract.workflow().step_end(value)

    def continue_as_new(self, arguments: str) -> None:
        _contract.workflow().continue_as_new(arguments)


def _inner(handles: Sequence[HostHandle]) -> list[Any]:
    return [cast(_Handle, handle).inner for handle in handles]


def _call(imported: Any, call: Call) -> Any:
    options = dict(call.options)
    retries = options.pop("retries", None)
    if retries is not None:
        retries = imported.Retries(**retries)
    return imported.Call(
        call.queue, call.task, call.arguments, imported.Options(retries=retries, **options)
    )


def _unless_refused(ask: Any) -> Any:
    try:
        return ask()
    except Err as error:
        refusal: Any = error.value
        raise Refused(refusal.code, refusal.message) from None


workflow = Workflow()
