import assert from "node:assert/strict";
import { test } from "node:test";

import { Problem, ProtocolError, Unreachable, type Watched } from "../src/index.js";
import { Parser } from "../src/sse.js";
import { fakeHost, invocation } from "./fake.js";

async function all(events: AsyncIterable<Watched>): Promise<Watched[]> {
  const found: Watched[] = [];
  for await (const event of events) {
    found.push(event);
  }
  return found;
}

const LOG = 'id: 1.0\nevent: log\ndata: {"attempt":1,"text":"a"}\n\n';
const END = `id: 2.0\nevent: state\ndata: ${JSON.stringify(invocation("a", "succeeded", { value: 1 }))}\n\n`;

test("an event may arrive in pieces between comments", () => {
  const parser = new Parser();
  const pieces = [": hel", "lo\n\nid: 7\nev", "ent:log\r\ndata: \xc3", "\xa9\ndata:b\n", "\n"];

  const found = pieces.flatMap((piece) => parser.feed(Buffer.from(piece, "latin1")));

  assert.deepEqual(found, [{ event: "log", data: "é\nb", id: "7" }]);
});

test("two events in one piece are two", () => {
  const found = new Parser().feed(Buffer.from("event: a\ndata: 1\n\nevent: b\ndata: 2\n\n"));

  assert.deepEqual(
    found.map(({ event, data }) => [event, data]),
    [
      ["a", "1"],
      ["b", "2"],
    ],
  );
});

test("events go on after a broken connection where they stopped", async (t) => {
  const { client, asked } = await fakeHost(t, [
    { events: LOG, end: "break" },
    "hang up",
    { events: `: alive\n\nid: 1.1\nevent: color\ndata: "a newer host says more"\n\n${LOG}` },
    { events: END },
  ]);

  const events = await all(client.handle("a").events());

  assert.deepEqual(
    events.map(({ event, id }) => [event, id]),
    [
      ["log", "1.0"],
      ["log", "1.0"],
      ["state", "2.0"],
    ],
  );
  assert.deepEqual(
    asked.map(({ headers }) => headers["last-event-id"]),
    [undefined, "1.0", "1.0", "1.0"],
  );
});

test("watching can begin where another one stopped", async (t) => {
  const { client, asked } = await fakeHost(t, [{ events: END }]);

  await all(client.handle("a").events({ lastEventId: "1.0" }));

  assert.equal(asked[0]?.headers["last-event-id"], "1.0");
});

test("a host that is gone for longer than patience lasts ends the watching", async (t) => {
  const { client } = await fakeHost(t, [{ events: LOG }], { patienceMs: 0 });

  await assert.rejects(all(client.handle("a").events()), Unreachable);
});

test("an invocation that there is not is a problem, and an event that is no JSON is named", async (t) => {
  const problem = { title: "No such invocation", status: 404, code: "invocation-unknown", detail: "there is no a" };
  const { client } = await fakeHost(t, [{ status: 404, json: problem }, { events: "event: log\ndata: {\n\n" }]);

  await assert.rejects(all(client.handle("a").events()), Problem);
  await assert.rejects(all(client.handle("a").events()), ProtocolError);
});

test("watching ends with the signal's reason", async (t) => {
  const { client } = await fakeHost(t, [{ events: LOG }, "silence"]);
  const controller = new AbortController();
  const events = client.handle("a").events({ signal: controller.signal });
  await events.next();

  const rest = events.next();
  controller.abort("enough");

  await assert.rejects(rest, (error) => error === "enough");
});

test("whoever has seen enough closes the connection", async (t) => {
  const { client, asked } = await fakeHost(t, [{ events: LOG + LOG + END }]);

  for await (const event of client.handle("a").events()) {
    assert.equal(event.event, "log");
    break;
  }

  assert.equal(asked.length, 1);
});
