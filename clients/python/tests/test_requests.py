"""What is sent, repeated and understood, with a host that answers from a list."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from answering import Answering, Reply, invocation
from conftest import Connect

from windlass_client import (
    AddressError,
    ArgumentsError,
    Call,
    Cancelled,
    Client,
    LogChunk,
    Problem,
    ProtocolError,
    StateChange,
    TaskFailed,
    Timeout,
    Unreachable,
)

HANGS_UP = Reply(hangs_up=True)


def test_an_enqueue_whose_connection_breaks_is_sent_again_under_the_same_id(
    connect: Connect,
) -> None:
    with Answering([HANGS_UP, Reply(201, invocation("a"))]) as host:
        handle = connect(host.server).queue("q").enqueue("hello/greet", ["Ada"])

    first, second = host.asked
    assert handle.id == "a"
    assert first.json["args"] == ["Ada"]
    assert first.json["id"]
    assert first.body == second.body


def test_ids_made_later_sort_later(connect: Connect) -> None:
    with Answering([Reply(201, [invocation(str(n)) for n in range(100)])]) as host:
        connect(host.server).queue("q").enqueue_many([Call("a/b") for _ in range(100)])

    ids = [call["id"] for call in host.asked[0].json]
    assert ids == sorted(set(ids))
    assert {id[14] for id in ids} == {"7"}


def test_a_message_that_may_have_arrived_is_not_sent_again(connect: Connect) -> None:
    with Answering([HANGS_UP, Reply()]) as host, pytest.raises(Unreachable):
        connect(host.server).handle("a").message("go", 1)

    assert len(host.asked) == 1


def test_a_host_that_is_away_is_named_when_patience_ends(connect: Connect) -> None:
    with Answering([]) as host:
        pass

    with pytest.raises(Unreachable, match=host.server) as raised:
        connect(host.server, patience=0.1).info()

    assert raised.value.hint


def test_what_replaces_another_call_has_no_id_of_its_own(connect: Connect) -> None:
    replies = [Reply(201, invocation("a")), Reply(201, invocation("a"))]
    with Answering(replies) as host:
        queue = connect(host.server).queue("q")
        queue.enqueue("a/b", dedup={"key": "k", "on_conflict": "replace"})
        queue.enqueue("a/b", debounce={"key": "k", "period_ms": 10})

    assert all("id" not in asked.json for asked in host.asked)


def test_options_go_over_the_wire_in_milliseconds(connect: Connect) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
    with Answering([Reply(201, invocation("a")), Reply(201, invocation("b"))]) as host:
        queue = connect(host.server).queue("q")
        queue.enqueue("a/b", timeout=1.5, deadline=timedelta(minutes=1), delay=2, retries=3)
        queue.enqueue("a/b", {"x": 1}, start_at=noon, id="mine", tags={"k": "v"})

    first, second = (asked.json for asked in host.asked)
    assert (first["timeout_ms"], first["deadline_ms"], first["delay_ms"]) == (1500, 60_000, 2000)
    assert first["retries"] == {"max": 3}
    assert second == {
        "queue": "q",
        "task": "a/b",
        "args": {"x": 1},
        "id": "mine",
        "tags": {"k": "v"},
        "start_at": "2026-01-01T12:00:00+00:00",
    }


def test_bytes_and_floats_without_json_are_spelled(connect: Connect) -> None:
    with Answering([Reply(201, invocation("a"))]) as host:
        args = [b"\x00\xff", [float("inf"), float("nan")], 2**64 - 1, ("a", True)]
        connect(host.server).queue("q").enqueue("a/b", args)

    expected = ["AP8=", ["Infinity", "NaN"], 18446744073709551615, ["a", True]]
    assert host.asked[0].json["args"] == expected


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("Ada", "give a list by position"),
        ([object()], "object has no JSON"),
        (["\ud800"], "surrogates"),
    ],
)
def test_what_cannot_be_sent_is_said_before_it_is_sent(args: Any, message: str) -> None:
    with pytest.raises(ArgumentsError, match=message):
        Client("http://127.0.0.1:1").queue("q").enqueue("a/b", args)


@pytest.mark.parametrize("server", ["127.0.0.1:7070", "ftp://x", "http://"])
def test_an_address_that_is_none_is_refused(server: str) -> None:
    with pytest.raises(AddressError):
        Client(server)


def test_a_problem_has_its_code_and_its_mistakes(connect: Connect) -> None:
    problem = {
        "type": "/errors/arguments",
        "title": "The arguments do not fit",
        "status": 422,
        "detail": "2 mistakes",
        "code": "arguments",
        "hint": "look at them",
        "errors": [{"place": "args[0]", "message": "expected u32, got -1"}],
    }
    with Answering([Reply(422, problem)]) as host:
        with pytest.raises(Problem, match="expected u32") as raised:
            connect(host.server).queue("q").enqueue("a/b", [-1])

    found = raised.value
    assert (found.status, found.code, found.hint) == (422, "arguments", "look at them")
    assert found.mistakes[0].place == "args[0]"


def test_an_answer_that_no_host_gives_is_told_apart(connect: Connect) -> None:
    with Answering([Reply(502, "<html>", "text/html"), Reply(200, [1])]) as host:
        client = connect(host.server)
        for _ in range(2):
            with pytest.raises(ProtocolError, match=host.server):
                client.info()


def test_a_failure_has_its_kind_and_its_payload(connect: Connect) -> None:
    error = {"kind": "guest", "message": "no", "payload": {"too-large": 3}}
    with Answering([Reply(200, invocation("a", "failed", {"error": error}))]) as host:
        with pytest.raises(TaskFailed, match="hello/greet failed") as raised:
            connect(host.server).handle("a").get_result()

    assert raised.value.kind == "guest"
    assert raised.value.payload == {"too-large": 3}


def test_a_cancelled_invocation_is_a_failure_of_a_type_of_its_own(connect: Connect) -> None:
    error = {"kind": "cancelled", "message": "somebody asked"}
    with Answering([Reply(200, invocation("a", "cancelled", {"error": error}))]) as host:
        with pytest.raises(Cancelled):
            connect(host.server).handle("a").get_result()


def test_a_result_is_waited_for_again_until_there_is_one_and_then_kept(connect: Connect) -> None:
    ended = Reply(200, invocation("a", "succeeded", {"value": None}))
    with Answering([Reply(200, invocation("a")), ended]) as host:
        handle = connect(host.server).handle("a")

        assert handle.get_result() is None
        assert handle.get_result() is None

    assert [asked.path for asked in host.asked] == ["/v1/invocations/a?wait=30000ms"] * 2


def test_a_wait_that_is_too_long_ends_and_the_invocation_goes_on(connect: Connect) -> None:
    with Answering([Reply(200, invocation("a")), Reply(200, {"items": []})]) as host:
        client = connect(host.server)

        with pytest.raises(Timeout):
            client.handle("a").get_result(timeout=0)
        with pytest.raises(TimeoutError):
            client.wait_all([client.handle("a"), client.handle("a")], timeout=0)

    assert host.asked[1].json == {"ids": ["a"], "for": "all"}


def test_a_list_asks_for_page_after_page(connect: Connect) -> None:
    first = {"items": [invocation("a"), invocation("b")], "next": "p 2"}
    with Answering([Reply(200, first), Reply(200, {"items": [invocation("c")]})]) as host:
        found = connect(host.server).invocations(queue="q", tags={"k": "v"}, dead=True)
        ids = [one.id for one in found]

    assert ids == ["a", "b", "c"]
    assert host.asked[0].path == "/v1/invocations?queue=q&dead=true&tag=k%3Av"
    assert host.asked[1].path.endswith("&page=p+2")


def test_events_go_on_after_the_last_that_came_where_the_connection_breaks(
    connect: Connect,
) -> None:
    import json

    def event(name: str, data: Any, id: str) -> str:
        return f"event: {name}\r\nid: {id}\r\ndata: {json.dumps(data)}\r\n\r\n"

    running = event("state", invocation("a", "running"), "0.0")
    first = ": hello\n\n" + running + event("log", {"attempt": 1, "text": "x"}, "1.0")
    done = invocation("a", "succeeded", {"value": 1})
    second = running + event("unknown", {}, "1.0") + event("state", done, "2.0")
    replies = [Reply(200, text, "text/event-stream") for text in (first, second)]
    with Answering([replies[0], HANGS_UP, replies[1]]) as host:
        events = list(connect(host.server).handle("a").events())

    kinds = [type(one) for one in events]
    assert kinds == [StateChange, LogChunk, StateChange]
    assert [asked.headers.get("last-event-id") for asked in host.asked] == [None, "1.0", "1.0"]


def test_a_stream_of_an_unknown_invocation_is_refused(connect: Connect) -> None:
    problem = {"title": "t", "status": 404, "detail": "d", "code": "invocation-unknown"}
    with Answering([Reply(404, problem)]) as host, pytest.raises(Problem):
        list(connect(host.server).handle("a").events())


def test_many_calls_are_sent_in_as_many_requests_as_a_host_takes(connect: Connect) -> None:
    replies = [Reply(201, [invocation(str(n)) for n in part]) for part in (range(5000), [5000])]
    with Answering(replies) as host:
        queue = connect(host.server).queue("q")
        handles = queue.enqueue_many([Call("a/b", [n]) for n in range(5001)])

    assert [len(asked.json) for asked in host.asked] == [5000, 1]
    assert [handle.id for handle in handles] == [str(n) for n in range(5001)]


def test_a_token_is_shown(connect: Connect) -> None:
    with Answering([Reply(200, "", "text/plain")]) as host:
        connect(host.server, token="secret").healthz()

    assert host.asked[0].headers["authorization"] == "Bearer secret"
