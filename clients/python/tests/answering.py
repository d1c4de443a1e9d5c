"""A host that answers from a list, in this process."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What the host answers: JSON, text of another kind, or nothing at all."""

    status: int = 200
    body: Any = None
    kind: str = "application/json"
    hangs_up: bool = False


@dataclass
class Asked:
    """What the host was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class Answering:
    """A host that gives these replies, one a request, and remembers what it was asked."""

    replies: list[Reply]
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Answering:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("content-length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(length)
                host.asked.append(Asked(self.command, self.path, headers, body))
                reply = host.replies.pop(0)
                self.close_connection = True
                if reply.hangs_up:
                    return
                is_text = isinstance(reply.body, str)
                text = reply.body if is_text else json.dumps(reply.body)
                self.send_response(reply.status)
                self.send_header("content-type", reply.kind)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def server(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"


def invocation(id: str, state: str = "queued", outcome: Any = None, attempt: int = 1) -> Any:
    """An invocation as a host shows it."""
    return {
        "id": id,
        "queue": "q",
        "task": "hello/greet",
        "digest": "00",
        "state": state,
        "attempt": attempt,
        "priority": 0,
        "enqueued_at": "2026-01-01T00:00:00Z",
        "started_at": None,
        "finished_at": None,
        "outcome": outcome,
        "from_a_newer_host": True,
    }
