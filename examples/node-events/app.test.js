import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { Client, parse } from "@windlass/client";

import { app } from "./app.js";

const { WINDLASS_BIN, WINDLASS_TEST_GUESTS, CI } = process.env;
const skip = WINDLASS_BIN === undefined && CI === undefined ? "no host: set WINDLASS_BIN" : false;

describe("the app", { skip }, () => {
  let data, host, server, url;

  before(async () => {
    data = await mkdtemp(join(tmpdir(), "node-events-"));
    host = spawn(WINDLASS_BIN, ["serve", "--listen", "127.0.0.1:0", "--data", data], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let address;
    for await (const line of createInterface({ input: host.stdout })) {
      address = /listening on (\S+)/.exec(line)?.[1];
      if (address !== undefined) break;
    }
    const client = new Client(address);
    const component = await readFile(join(WINDLASS_TEST_GUESTS, "in_order_events.wasm"));
    await client.components.upload(component, { name: "events", version: "0.1.0" });
    server = await app(client);
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${server.address().port}`;
  });

  after(async () => {
    server?.closeAllConnections();
    server?.close();
    const ended = new Promise((resolve) => host.on("exit", resolve));
    host.kill("SIGKILL");
    await ended;
    await rm(data, { recursive: true, force: true });
  });

  const post = (body, headers = {}) => fetch(`${url}/events`, { method: "POST", body, headers });

  /** The events of a stream, from its beginning to its end. */
  async function streamed(id) {
    const response = await fetch(`${url}/events/${id}/stream`);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const text = await response.text();
    const blocks = text.trim().split("\n\n");
    return blocks.map((block) => {
      const [, event, data] = block.split("\n").map((line) => line.slice(line.indexOf(": ") + 2));
      return [event, parse(data)];
    });
  }

  test("events are processed in the order of their arrival", async () => {
    const kinds = ["opened", { deposited: 250 }, "closed"];

    const ids = [];
    for (const [index, kind] of kinds.entries()) {
      const response = await post(JSON.stringify({ id: index + 1, account: "ada", kind }));
      assert.equal(response.status, 202);
      ids.push((await response.json()).id);
    }

    const last = await streamed(ids[2]);
    assert.deepEqual(last.at(-1), ["state", { state: "succeeded", receipt: { id: 3, line: "3: ada was closed" } }]);
    assert.ok(last.some(([event, { text }]) => event === "log" && text.includes("ada was closed")));
    const receipts = await Promise.all(ids.map(async (id) => (await fetch(`${url}/events/${id}`)).json()));
    assert.deepEqual(
      receipts.map(({ state, receipt }) => [state, receipt.line]),
      [
        ["succeeded", "1: ada was opened"],
        ["succeeded", "2: 250 cents came into ada"],
        ["succeeded", "3: ada was closed"],
      ],
    );
  });

  test("an event that is sent twice is one, and its id keeps every digit", async () => {
    const body = '{"id": 18446744073709551615, "account": "bob", "kind": "opened"}';

    const first = await post(body, { "idempotency-key": "a-key" });
    const second = await post(body, { "idempotency-key": "a-key" });

    assert.deepEqual([await first.json(), await second.json()], [{ id: "a-key" }, { id: "a-key" }]);
    const [, end] = (await streamed("a-key")).at(-1);
    assert.equal(end.receipt.id, 18446744073709551615n);
  });

  test("an event that cannot be processed tells why", async () => {
    const { id } = await (await post('{"id": 4, "account": "", "kind": "opened"}')).json();

    await streamed(id);

    const shown = await (await fetch(`${url}/events/${id}`)).json();
    assert.deepEqual(shown, { state: "failed", error: "no-account" });
  });

  test("an event of another shape is refused with its mistakes, and nothing is enqueued", async () => {
    const mistaken = await post('{"id": 5, "account": "bob", "kind": "borrowed"}');
    const garbled = await post("{");
    const unknown = await fetch(`${url}/events/nobody`);

    assert.deepEqual([mistaken.status, garbled.status, unknown.status], [422, 400, 404]);
    assert.match((await mistaken.json()).error, /args\[0\]\.kind/);
  });
});
