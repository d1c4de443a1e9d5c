"""The client against a real host, with and without `async`."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from conftest import ROOT, Connect

from windlass_client import (
    Call,
    Cancelled,
    Client,
    Problem,
    Published,
    StateChange,
    TaskFailed,
    Timeout,
)

#: Longer than anything here takes: what is stuck fails instead of hanging.
LONG = 60.0


def test_a_greeting_is_enqueued_and_fetched(queue: Any, hello: str) -> None:
    handle = queue.enqueue("hello/greet", ["Ada"])

    assert handle.get_result(timeout=LONG) == "Hello, Ada!"
    assert handle.status().state == "succeeded"
    assert handle.status().args == ["Ada"]


def test_arguments_may_be_given_by_name(queue: Any, hello: str) -> None:
    handle = queue.enqueue("hello/add", {"a": 2**62, "b": -1})

    assert handle.get_result(timeout=LONG) == 2**62 - 1


def test_a_task_without_a_result_gives_none(queue: Any, hello: str) -> None:
    assert queue.enqueue("hello/nothing").get_result(timeout=LONG) is None


def test_another_process_asks_by_id(connect: Connect, server: str, queue: Any, hello: str) -> None:
    id = queue.enqueue("hello/greet", ["Ada"]).id

    assert connect(server).handle(id).get_result(timeout=LONG) == "Hello, Ada!"


def test_the_same_call_under_an_id_is_one_invocation(queue: Any, hello: str) -> None:
    id = f"mine-{uuid.uuid4().hex}"

    first = queue.enqueue("hello/greet", ["Ada"], id=id)
    second = queue.enqueue("hello/greet", ["Ada"], id=id)
    with pytest.raises(Problem) as raised:
        queue.enqueue("hello/greet", ["Bob"], id=id)

    assert first == second
    assert raised.value.code == "id-taken"
    assert queue.get().counts.succeeded + queue.get().counts.queued <= 1


def test_an_error_of_the_task_is_raised_with_its_payload(queue: Any, hello: str) -> None:
    with pytest.raises(TaskFailed) as raised:
        queue.enqueue("hello/fail", ["no way"]).get_result(timeout=LONG)

    failed = raised.value
    assert (failed.kind, failed.payload, failed.task) == ("guest", "no way", "hello/fail")


def test_a_mistake_in_the_arguments_is_refused_with_its_place(queue: Any, hello: str) -> None:
    with pytest.raises(Problem) as raised:
        queue.enqueue("hello/add", [1, "two"])

    assert raised.value.status == 422
    assert raised.value.mistakes[0].place == "args[1]"


def test_an_unknown_task_is_refused(queue: Any, hello: str) -> None:
    with pytest.raises(Problem) as raised:
        queue.enqueue("hello/grete", ["Ada"])

    assert raised.value.code == "task-unknown"


def test_five_thousand_calls_are_enqueued_at_once_and_waited_for(
    client: Any, queue: Any, hello: str
) -> None:
    handles = queue.enqueue_many(Call("hello/add", [n, 1]) for n in range(5000))

    ended = client.wait_all(handles, timeout=LONG)

    assert [handle.get_result() for handle in ended] == list(range(1, 5001))


def test_the_first_of_several_is_waited_for(client: Any, queue: Any, hello: str) -> None:
    late = queue.enqueue("hello/greet", ["late"], delay=3600)
    soon = queue.enqueue("hello/greet", ["soon"])

    ended = client.wait_any([late, soon], timeout=LONG)

    assert [handle.get_result() for handle in ended] == ["Hello, soon!"]
    with pytest.raises(Timeout):
        client.wait_any([late], timeout=0.01)
    with pytest.raises(Timeout):
        late.get_result(timeout=0.01)
    late.cancel()


def test_what_is_cancelled_says_why_and_can_be_resumed(queue: Any, hello: str) -> None:
    queue.put(paused=True)
    handle = queue.enqueue("hello/greet", ["Ada"])

    assert handle.why().reasons[0].code == "paused"
    handle.cancel("changed my mind")
    with pytest.raises(Cancelled, match="changed my mind"):
        handle.get_result(timeout=LONG)
    again = handle.resume()
    queue.put(paused=False)

    assert again.get_result(timeout=LONG) == "Hello, Ada!"
    assert handle.status().retried_as == again.id


def test_what_failed_can_be_retried(queue: Any, hello: str) -> None:
    handle = queue.enqueue("hello/fail", ["no way"], retries={"max": 1, "backoff_ms": 1})
    handle.wait(timeout=LONG)

    again = handle.retry()

    assert len(handle.attempts()) == 2
    assert again.wait(timeout=LONG).retry_of == handle.id


def test_a_queue_says_what_it_allows_and_forgets_no_limit(client: Any, queue: Any) -> None:
    put = queue.put(concurrency=3, rate_limit={"limit": 5, "period_ms": 1000})
    changed = queue.put(concurrency=None)

    assert put.concurrency == 3
    assert (changed.concurrency, changed.rate_limit) == (None, {"limit": 5, "period_ms": 1000})
    assert queue.name in [one.name for one in client.queues()]
    assert queue.get().counts.queued == 0


def test_lists_are_filtered_and_go_over_pages(client: Any, queue: Any, hello: str) -> None:
    calls = [Call("hello/add", [n, n], tags={"half": str(n // 3)}) for n in range(6)]
    client.wait_all(queue.enqueue_many(calls), timeout=LONG)

    all_of_them = client.invocations(queue=queue.name, page_size=2, include=["outcome"])
    half = client.invocations(queue=queue.name, tags={"half": "1"}, include=["args"])

    assert sorted(one.outcome.value for one in all_of_them) == [0, 2, 4, 6, 8, 10]
    assert sorted(one.args[0] for one in half) == [3, 4, 5]


def test_all_that_match_are_cancelled(client: Any, queue: Any, hello: str) -> None:
    queue.enqueue_many(Call("hello/nothing", delay=3600) for _ in range(3))

    looked = client.cancel_all(queue=queue.name, dry_run=True)
    done = client.cancel_all(queue=queue.name, reason="over")

    assert (looked.matched, looked.done, done.done) == (3, 0, 3)
    with pytest.raises(Problem, match="matches"):
        client.cancel_all()


def test_a_component_is_listed_with_its_tasks(client: Any, hello: str) -> None:
    component = client.component(hello)

    assert [task.name for task in component.tasks][:2] == ["greet", "add"]
    assert component.tasks[0].params[0].type == "string"
    assert "interface tasks" in client.wit(hello)
    assert component in client.versions(hello)
    assert hello in [one.name for one in client.components()]


def test_the_same_bytes_may_be_uploaded_again_and_others_not(client: Any, hello: str) -> None:
    file = ROOT / "host/assets/hello.wasm"

    again = client.upload(hello, file.read_bytes())
    with pytest.raises(Problem) as raised:
        client.upload(hello, b"\0asm")

    assert again == client.component(hello)
    assert raised.value.code == "component-invalid"


def test_a_schedule_is_made_paused_triggered_and_deleted(
    client: Any, queue: Any, hello: str
) -> None:
    name = f"s-{uuid.uuid4().hex[:12]}"

    plan = {"cron": "0 3 * * *", "task": "hello/greet", "args": ["Ada"], "queue": queue.name}
    made = client.put_schedule(name, **plan)
    paused = client.pause_schedule(name)
    triggered = client.trigger(name)

    assert len(made.next) == 5
    assert paused.paused and not client.resume_schedule(name).paused
    assert triggered.get_result(timeout=LONG) == "Hello, Ada!"
    assert name in [one.name for one in client.schedules()]
    client.delete_schedule(name)
    with pytest.raises(Problem):
        client.schedule(name)


def test_the_host_says_what_it_is(client: Any) -> None:
    client.healthz()

    assert client.info().backend in ("sqlite", "postgres")
    assert client.hosts()[0].number >= 1


def test_a_workflow_is_sent_messages_and_shows_values(queue: Any, flows: str) -> None:
    handle = queue.enqueue("flows/asks", ["answer", None])

    asking = handle.published_as("asking", timeout=LONG)
    handle.message("answer", {"yes": True})

    assert asking.value == "answer"
    assert json.loads(handle.get_result(timeout=LONG)) == {"yes": True}
    assert [one.name for one in handle.published()] == ["asking"]
    assert [one.kind for one in handle.steps()][:2] == ["publish", "receive"]
    with pytest.raises(Problem):
        handle.published_as("other", timeout=LONG)


def test_a_workflow_begins_again_with_the_steps_that_were_done(queue: Any, flows: str) -> None:
    handle = queue.enqueue("flows/steps", [3, None])
    value = handle.get_result(timeout=LONG)

    fork = handle.fork()

    assert fork.get_result(timeout=LONG) == value
    assert fork.status().forked_from == handle.id


def test_events_tell_a_workflow_from_its_beginning_to_its_end(queue: Any, flows: str) -> None:
    handle = queue.enqueue("flows/asks", ["go", None])

    seen = []
    for event in handle.events():
        seen.append(event)
        if isinstance(event, Published):
            handle.message("go", 1)

    assert isinstance(seen[-1], StateChange)
    assert seen[-1].invocation.state == "succeeded"
    assert [one.value for one in seen if isinstance(one, Published)] == ["go"]


def test_a_program_is_told_of_its_host_by_the_environment(
    server: str, hello: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDLASS_SERVER", server)

    with Client.from_env() as client:
        assert client.server == server
        assert client.info().host >= 1
