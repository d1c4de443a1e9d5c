/** A host that answers from a list, and tells what it was asked. */

import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

import { Client, type ClientOptions } from "../src/index.js";

/** What the fake host does with one request. */
export type Reply =
  | { status?: number; json: string | object | null }
  | { events: string; end?: "close" | "break" }
  /** Closes the connection without an answer. */
  | "hang up"
  /** Never answers. */
  | "silence";

/** What it was asked. */
export interface Asked {
  line: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Starts a host that gives these replies, one a request, until the test is over. */
export async function fakeHost(
  t: TestContext,
  replies: Reply[],
  options: ClientOptions = {},
): Promise<{ client: Client; asked: Asked[] }> {
  const asked: Asked[] = [];
  const left = [...replies];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { method, url, headers } = request;
      asked.push({ line: `${method} ${url}`, headers, body: Buffer.concat(pieces).toString() });
      const reply = left.shift() ?? "hang up";
      if (reply === "hang up") {
        request.socket.destroy();
      } else if (reply !== "silence" && "events" in reply) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(reply.events, () => (reply.end === "break" ? request.socket.destroy() : response.end()));
      } else if (reply !== "silence") {
        const text = typeof reply.json === "string" ? reply.json : JSON.stringify(reply.json);
        response.writeHead(reply.status ?? 200, { "content-type": "application/json" }).end(text);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { client: new Client(`http://127.0.0.1:${port}`, options), asked };
}

/** An invocation as a host shows it. */
export function invocation(id: string, state: string, outcome: object | null = null): object {
  return {
    id,
    queue: "q",
    task: "hello/greet",
    kind: "task",
    digest: "00",
    state,
    attempt: 1,
    priority: 0,
    enqueued_at: "2026-01-01T00:00:00Z",
    started_at: null,
    finished_at: null,
    outcome,
  };
}
