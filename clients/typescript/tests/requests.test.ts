import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";

import {
  AddressError,
  ArgumentsError,
  Cancelled,
  Client,
  Problem,
  ProtocolError,
  TaskFailed,
  Timeout,
  Unreachable,
  ValueError,
} from "../src/index.js";
import { fakeHost, invocation } from "./fake.js";

test("an enqueue whose connection breaks is sent again under the same id", async (t) => {
  const { client, asked } = await fakeHost(t, ["hang up", { status: 201, json: invocation("a", "queued") }]);

  const handle = await client.queue("q").enqueue("hello/greet", ["Ada"]);

  assert.equal(handle.id, "a");
  assert.equal(asked.length, 2);
  assert.equal(asked[0]?.body, asked[1]?.body);
  assert.match(asked[0]?.body ?? "", /"args":\["Ada"\],"id":"[0-9a-f-]{36}"/);
});

test("a message whose connection breaks is not sent twice", async (t) => {
  const { client, asked } = await fakeHost(t, ["hang up", { status: 202, json: null }]);
  const handle = client.handle("a");

  await assert.rejects(handle.message("approval", { by: "Ada" }), Unreachable);
  await handle.message("approval", "yes");

  assert.deepEqual(
    asked.map(({ line, body }) => [line, body]),
    [
      ["POST /v1/invocations/a/messages/approval", '{"by":"Ada"}'],
      ["POST /v1/invocations/a/messages/approval", '"yes"'],
    ],
  );
});

test("a retry that surely never arrived is sent again while patience lasts", async () => {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  let tries = 0;
  const counting: typeof fetch = (input, init) => {
    tries += 1;
    return fetch(input, init);
  };
  const client = new Client(`http://127.0.0.1:${port}`, { patienceMs: 300, fetch: counting });

  const error = await client.handle("a").retry().catch((error: unknown) => error);

  assert.ok(error instanceof Unreachable && error.message.includes(`127.0.0.1:${port}`), String(error));
  assert.ok(tries > 1);
});

test("without patience a host that is away is reported at once", async (t) => {
  const { client, asked } = await fakeHost(t, ["hang up"], { patienceMs: 0 });

  await assert.rejects(client.info(), Unreachable);

  assert.equal(asked.length, 1);
});

test("a refusal is a problem with its mistakes and its hint, and the token is shown", async (t) => {
  const problem = {
    type: "about:blank",
    title: "The arguments do not fit",
    status: 422,
    code: "arguments",
    detail: "two mistakes",
    hint: "look at the WIT",
    errors: [
      { place: "args[0]", message: "expected u32, got -1" },
      { place: "args[1].x", message: "missing" },
    ],
  };
  const { client, asked } = await fakeHost(t, [{ status: 422, json: problem }], { token: "secret" });

  const error = await client.queue("q").enqueue("a/b", [-1, {}]).catch((error: unknown) => error);

  assert.ok(error instanceof Problem);
  assert.equal(error.message, "two mistakes\n  args[0]: expected u32, got -1\n  args[1].x: missing");
  assert.deepEqual([error.status, error.code, error.hint], [422, "arguments", "look at the WIT"]);
  assert.deepEqual(error.mistakes, problem.errors);
  assert.equal(asked[0]?.headers.authorization, "Bearer secret");
});

test("an answer that is no problem is named with its address", async (t) => {
  const { client } = await fakeHost(t, [{ status: 502, json: "<h1>Bad gateway</h1>" }, { json: "<html>" }]);

  const refused = await client.info().catch((error: unknown) => error);
  const garbled = await client.info().catch((error: unknown) => error);

  assert.ok(refused instanceof ProtocolError && /\/v1 is not understood: status 502/.test(refused.message));
  assert.ok(garbled instanceof ProtocolError);
});

test("a call that takes another one's place gets no id here", async (t) => {
  const answer = { status: 201, json: invocation("one", "scheduled") };
  const { client, asked } = await fakeHost(t, [answer, answer, answer]);
  const queue = client.queue("q");

  await queue.enqueue("a/b", [], { debounce: { key: "k", period_ms: 500 } });
  await queue.enqueue("a/b", [], { dedup: { key: "k", on_conflict: "replace" } });
  await queue.enqueue("a/b", [], { dedup: { key: "k", on_conflict: "return" } });

  const ids = asked.map(({ body }) => typeof (JSON.parse(body) as { id?: string }).id);
  assert.deepEqual(ids, ["undefined", "undefined", "string"]);
});

test("arguments that have no JSON are refused before anything is sent", async (t) => {
  const { client, asked } = await fakeHost(t, []);

  const error = await client.queue("q").enqueue("a/b", [1, { x: undefined, y: [() => 1] }]).catch((error: unknown) => error);

  assert.ok(error instanceof ArgumentsError);
  assert.equal(error.place, "call.args[1].y[0]");
  assert.equal(asked.length, 0);
});

test("a result is asked for until it is there, and then kept", async (t) => {
  const { client, asked } = await fakeHost(t, [
    { json: invocation("a", "running") },
    { json: invocation("a", "succeeded", { value: 42 }) },
  ]);
  const handle = client.handle<number>("a");

  const values = [await handle.getResult(), await handle.getResult()];

  assert.deepEqual(values, [42, 42]);
  assert.deepEqual(
    asked.map(({ line }) => line),
    ["GET /v1/invocations/a?wait=30000ms", "GET /v1/invocations/a?wait=30000ms"],
  );
});

test("a failed task is an error with its kind, payload and backtrace", async (t) => {
  const failure = (kind: string, rest: object): object => ({ error: { kind, message: "no wind", ...rest } });
  const { client } = await fakeHost(t, [
    { json: invocation("a", "failed", failure("guest", { payload: { "too-long": 3 } })) },
    { json: invocation("b", "failed", failure("trap", { backtrace: ["inner", "outer"] })) },
    { json: invocation("c", "cancelled", failure("cancelled", {})) },
  ]);
  const error = (id: string): Promise<unknown> => client.handle(id).getResult().catch((error: unknown) => error);

  const [guest, trap, cancelled] = [await error("a"), await error("b"), await error("c")];

  assert.ok(guest instanceof TaskFailed && !(guest instanceof Cancelled));
  assert.equal(guest.message, "hello/greet failed (guest): no wind");
  assert.deepEqual([guest.id, guest.kind, guest.payload], ["a", "guest", { "too-long": 3 }]);
  assert.ok(trap instanceof TaskFailed);
  assert.deepEqual([trap.kind, trap.backtrace], ["trap", ["inner", "outer"]]);
  assert.ok(cancelled instanceof Cancelled && cancelled.name === "Cancelled");
});

test("a result can be read by a function of the caller's", async (t) => {
  const { client } = await fakeHost(t, [{ json: invocation("a", "succeeded", { value: 42 }) }]);
  const handle = client.handle("a").as((value) => {
    if (typeof value !== "string") {
      throw new ValueError("result", "expected a string");
    }
    return value;
  });

  await assert.rejects(handle.getResult(), ValueError);
});

test("a wait ends with a timeout of its own, and the host is asked to wait no longer", async (t) => {
  const { client, asked } = await fakeHost(t, ["silence"]);

  const error = await client.handle("a").getResult({ timeoutMs: 50 }).catch((error: unknown) => error);

  assert.ok(error instanceof Timeout);
  assert.equal(error.message, "the end of a has not come within 50 ms");
  assert.match(asked[0]?.line ?? "", /\?wait=([1-4]?\d|50)ms$/);
});

test("an aborted wait throws the signal's reason", async (t) => {
  const { client } = await fakeHost(t, ["silence"]);
  const controller = new AbortController();
  const reason = new Error("the user went away");

  const waiting = client.handle("a").getResult({ signal: controller.signal });
  controller.abort(reason);

  await assert.rejects(waiting, (error) => error === reason);
  await assert.rejects(client.info({ signal: controller.signal }), (error) => error === reason);
});

test("waiting for all asks again for those that are missing, and their results are there then", async (t) => {
  const ended = (id: string): object => invocation(id, "succeeded", { value: id });
  const { client, asked } = await fakeHost(t, [{ json: { items: [ended("b")] } }, { json: { items: [ended("a")] } }]);
  const handles = ["a", "b", "a"].map((id) => client.handle<string>(id));

  await client.waitAll(handles);

  const results = await Promise.all(handles.map((handle) => handle.getResult()));
  assert.deepEqual(results, ["a", "b", "a"]);
  assert.deepEqual(
    asked.map(({ body }) => (JSON.parse(body) as { ids: string[] }).ids),
    [["a", "b"], ["a"]],
  );
});

test("waiting for any gives those that have ended, and of none none", async (t) => {
  const items = [invocation("b", "failed", { error: { kind: "trap", message: "" } })];
  const { client } = await fakeHost(t, [{ json: { items: [] } }, { json: { items } }]);
  const handles = ["a", "b"].map((id) => client.handle(id));

  const ended = await client.waitAny(handles);
  const again = await client.waitAny(handles);

  assert.deepEqual([ended, again, await client.waitAny([])], [[handles[1]], [handles[1]], []]);
});

test("a list is read page by page", async (t) => {
  const { client, asked } = await fakeHost(t, [
    { json: { items: [invocation("a", "queued")], next: "n 1" } },
    { json: { items: [invocation("b", "queued")], next: null } },
  ]);

  const found = await client.invocations({ tag: ["a:1", "b:2"], dead: true, queue: undefined, limit: 1 }).toArray();

  assert.deepEqual(
    found.map(({ id }) => id),
    ["a", "b"],
  );
  assert.equal(asked[0]?.line, "GET /v1/invocations?tag=a%3A1&tag=b%3A2&dead=true&limit=1");
  assert.equal(asked[1]?.line, "GET /v1/invocations?tag=a%3A1&tag=b%3A2&dead=true&limit=1&page=n+1");
});

test("an export comes line by line", async (t) => {
  const lines = [invocation("a", "queued"), invocation("b", "queued")].map((one) => `${JSON.stringify(one)}\n`);
  const { client } = await fakeHost(t, [{ json: lines.join("") }]);

  const ids: string[] = [];
  for await (const { id } of client.export({ queue: "q" })) {
    ids.push(id);
  }

  assert.deepEqual(ids, ["a", "b"]);
});

test("what is put replaces all settings, what is changed only what is named", async (t) => {
  const { client, asked } = await fakeHost(t, [{ json: {} }, { json: {} }]);

  await client.queue("a b/c").put({ concurrency: 1 });
  await client.queue("q").change({ rate_limit: null });

  assert.equal(asked[0]?.line, "PUT /v1/queues/a%20b%2Fc");
  assert.deepEqual(JSON.parse(asked[0]?.body ?? ""), {
    concurrency: 1,
    worker_concurrency: null,
    rate_limit: null,
    partitions: null,
    ordered: null,
    paused: false,
    timeout_ms: null,
    retries: null,
    retention: null,
  });
  assert.equal(asked[1]?.body, '{"rate_limit":null}');
});

test("an upload sends the bytes and repeats its parameters", async (t) => {
  const { client, asked } = await fakeHost(t, [{ status: 201, json: {} }]);

  await client.components.upload(new Uint8Array([0, 97]), { name: "pages", bind: ["a:b/c=d@^1", "a:b/e=f"] });

  assert.equal(asked[0]?.line, "POST /v1/components?name=pages&bind=a%3Ab%2Fc%3Dd%40%5E1&bind=a%3Ab%2Fe%3Df");
  assert.equal(asked[0]?.headers["content-type"], "application/wasm");
  assert.equal(asked[0]?.body, "\0a");
});

test("the highest version that is no pre-release is taken, where there is one", async (t) => {
  const page = (...versions: string[]): { json: object } => ({
    json: { items: versions.map((version) => ({ version })), next: null },
  });
  const { client } = await fakeHost(t, [page("1.0.0", "1.1.0-rc.1"), page("1.0.0", "1.1.0+b-1"), page("1.1.0-rc.1")]);
  const version = async (): Promise<string> => (await client.components.get("images")).version;

  assert.deepEqual([await version(), await version(), await version()], ["1.0.0", "1.1.0+b-1", "1.1.0-rc.1"]);
});

test("an address or a token that cannot be is refused when the client is made", () => {
  for (const server of ["nowhere", "ftp://127.0.0.1", "http://me:secret@127.0.0.1"]) {
    assert.throws(() => new Client(server), AddressError, server);
  }
  assert.throws(() => new Client("http://127.0.0.1", { token: "two\nlines" }), ArgumentsError);
  assert.equal(new Client("http://127.0.0.1:7070/below/").server, "http://127.0.0.1:7070/below");
});

test("a name that would make another path of an address is refused", async (t) => {
  const { client } = await fakeHost(t, []);

  await assert.rejects(client.queue("..").get(), ArgumentsError);
  await assert.rejects(client.handle("").status(), ArgumentsError);
});
