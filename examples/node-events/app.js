/**
 * A small web app that has bank events processed in the order of their arrival.
 *
 * It answers as soon as an event is on the host's disk, and keeps nothing itself: the handle's id is
 * all that a caller needs, from whichever process answers next.
 */

import { createServer } from "node:http";
import { Problem, WindlassError, parse, print } from "@windlass/client";

const TASK = "events/process";

/** The app, not listening yet, over this client's host. */
export async function app(client) {
  // One after the other, each outcome on disk before the next one starts.
  const queue = client.queue("events");
  await queue.change({ concurrency: 1 });

  const routes = [
    ["POST", /^\/events$/, (request, response) => enqueue(queue, request, response)],
    ["GET", /^\/events\/([^/]+)$/, (_, response, id) => show(client.handle(id), response)],
    ["GET", /^\/events\/([^/]+)\/stream$/, (request, response, id) => stream(client.handle(id), request, response)],
  ];
  return createServer(async (request, response) => {
    try {
      for (const [method, path, answer] of routes) {
        const found = path.exec(request.url);
        if (found !== null && request.method === method) {
          return await answer(request, response, decodeURIComponent(found[1] ?? ""));
        }
      }
      send(response, 404, { error: "there is POST /events, GET /events/ID and GET /events/ID/stream" });
    } catch (error) {
      refuse(response, error);
    }
  });
}

/** Enqueues the event in the body. The same `Idempotency-Key` again is the same event. */
async function enqueue(queue, request, response) {
  const pieces = [];
  for await (const piece of request) {
    pieces.push(piece);
  }
  // Not `JSON.parse`, which would change an event's id beyond 2^53.
  const event = parse(Buffer.concat(pieces).toString());
  const handle = await queue.enqueue(TASK, [event, null], { id: request.headers["idempotency-key"] });
  response.setHeader("location", `/events/${encodeURIComponent(handle.id)}`);
  send(response, 202, { id: handle.id });
}

/** Tells how an event stands, and what came of it. */
async function show(handle, response) {
  const { state, outcome } = await handle.status();
  send(response, 200, { state, receipt: outcome?.value, error: outcome?.error?.payload });
}

/** Tells what happens to an event while it happens, as server-sent events of our own. */
async function stream(handle, request, response) {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const lastEventId = request.headers["last-event-id"];
  for await (const { id, event, data } of handle.events({ lastEventId, signal: gone.signal })) {
    if (!response.headersSent) {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    }
    const told = event === "state" ? { state: data.state, receipt: data.outcome?.value } : data;
    response.write(`id: ${id}\nevent: ${event}\ndata: ${print(told, "event")}\n\n`);
  }
  response.end();
}

function refuse(response, error) {
  if (response.headersSent || response.destroyed) {
    // The browser comes back with Last-Event-ID.
    response.destroy();
  } else if (error instanceof Problem && error.status < 500) {
    send(response, error.status, { error: error.message });
  } else if (error instanceof SyntaxError) {
    send(response, 400, { error: `the body is no JSON: ${error.message}` });
  } else {
    console.error(error);
    send(response, error instanceof WindlassError ? 503 : 500, { error: "try again later" });
  }
}

function send(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(print(body, "body"));
}
