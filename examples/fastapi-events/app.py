"""An app that takes events and has them processed strictly in the order of their arrival.

It only enqueues: that the events are processed one after the other, and none twice at a time, is
the doing of a queue with a concurrency of 1, also when the app or the host is restarted meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import events
from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from windlass_client import AsyncClient, Problem, TaskFailed, Timeout, WindlassError

QUEUE = "events"


class Event(BaseModel):
    """What happened to an account, as whoever saw it tells it."""

    id: Annotated[int, Field(ge=0, lt=2**64)]
    account: str
    what: Literal["opened", "deposited", "withdrawn", "closed"]
    cents: Annotated[int, Field(ge=0, lt=2**64)] = 0

    def typed(self) -> events.Event:
        """The same as the task takes it."""
        kinds: dict[str, events.Kind] = {
            "opened": events.KindOpened(),
            "deposited": events.KindDeposited(self.cents),
            "withdrawn": events.KindWithdrawn(self.cents),
            "closed": events.KindClosed(),
        }
        return events.Event(id=self.id, account=self.account, kind=kinds[self.what])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One client for all requests, which keeps its connections; and the queue."""
    async with AsyncClient.from_env() as client:
        await client.queue(QUEUE).put(concurrency=1)
        app.state.client = client
        app.state.events = events.AsyncEvents(client, QUEUE)
        yield


app = FastAPI(title="Events in order", lifespan=lifespan)


@app.post("/events", status_code=202)
async def receive(event: Event, request: Request) -> dict[str, str]:
    """Enqueues an event. When this answers, it is on disk.

    The id of the call is made from that of the event, so that one that is delivered twice, as
    senders of events do when an answer is lost, is processed once.
    """
    tasks: events.AsyncEvents = request.app.state.events
    handle = await tasks.process(event.typed(), options={"id": f"event-{event.id}"})
    return {"id": handle.id}


@app.get("/events/{id}")
async def show(
    request: Request,
    id: Annotated[int, Path(ge=0, lt=2**64)],
    wait: Annotated[float, Query(ge=0, le=30)] = 0,
) -> dict[str, Any]:
    """What became of an event; with `wait`, when it is processed or after so many seconds."""
    client: AsyncClient = request.app.state.client
    handle = client.handle(f"event-{id}")
    try:
        return {"state": "processed", "receipt": await handle.get_result(timeout=wait)}
    except Timeout:
        return {"state": (await handle.status()).state}
    except TaskFailed as failed:
        return {"state": "failed", "why": failed.payload or failed.message}


@app.exception_handler(WindlassError)
async def refused(_: Request, error: Exception) -> JSONResponse:
    """What the host refuses is told as it says it; that it cannot be reached is our trouble."""
    status = error.status if isinstance(error, Problem) else 503
    return JSONResponse({"detail": str(error)}, status)
