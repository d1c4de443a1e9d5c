import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, test } from "node:test";

import { Cancelled, Client, Problem, TaskFailed, Timeout, type Handle, type Watched } from "../src/index.js";
import { SKIP, start, upload, useHost } from "./host.js";

describe("against a host", { skip: SKIP }, () => {
  const client = useHost();
  const queue = (): ReturnType<Client["queue"]> => client().queue(`q-${randomUUID()}`);

  before(async () => {
    await upload(client(), "hello");
    await upload(client(), "types");
    await upload(client(), "flows");
  });

  test("a result is fetched by handle, with arguments by position and by name", async () => {
    const greeting = await queue().enqueue<string>("hello/greet", ["Ada"]);
    const sum = await queue().enqueue<number>("hello/add", { b: 40, a: 2 });

    assert.deepEqual([await greeting.getResult(), await sum.getResult()], ["Hello, Ada!", 42]);
    assert.equal(await client().handle(greeting.id).getResult(), "Hello, Ada!");
  });

  test("integers of 64 bits pass unharmed, and one that may be harmed is refused", async () => {
    const sum = await queue().enqueue<bigint>("hello/add", [9223372036854775000n, 807]);
    const unsafe = await queue().enqueue("hello/add", [2 ** 53, 1]).catch((error: unknown) => error);

    assert.equal(await sum.getResult(), 9223372036854775807n);
    assert.deepEqual((await sum.status()).args, [9223372036854775000n, 807]);
    assert.ok(unsafe instanceof Problem);
    assert.match(unsafe.mistakes[0]?.message ?? "", /expected s64, got 9.007199254740992e\+15/);
  });

  test("bytes, floats that are no numbers and negative zero pass unharmed", async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
    const handles = await queue().enqueueMany([
      { task: "types/echo-bytes", args: [bytes] },
      { task: "types/echo-f64", args: [NaN] },
      { task: "types/echo-f64", args: [-0] },
      { task: "types/echo-f64", args: [1e17] },
    ]);

    const results = await Promise.all(handles.map((handle) => handle.getResult()));

    assert.deepEqual(results, [Buffer.from(bytes).toString("base64"), "NaN", -0, 1e17]);
  });

  test("a failed task tells its kind and payload, and is retried as a new invocation", async () => {
    const handle = await queue().enqueue<string>("hello/fail", ["no wind"]);

    const error = await handle.getResult().catch((error: unknown) => error);
    const again = await handle.retry();

    assert.ok(error instanceof TaskFailed);
    assert.deepEqual([error.kind, error.payload, error.id], ["guest", "no wind", handle.id]);
    await assert.rejects(again.getResult(), TaskFailed);
    assert.equal((await again.status()).retry_of, handle.id);
    assert.equal((await handle.attempts()).length, 1);
  });

  test("mistakes in arguments are refused with their places, and a task that there is not by its code", async () => {
    const mistaken = await queue().enqueue("hello/add", ["one", 2]).catch((error: unknown) => error);
    const unknown = await queue().enqueue("hello/gret", ["Ada"]).catch((error: unknown) => error);

    assert.ok(mistaken instanceof Problem && unknown instanceof Problem);
    assert.deepEqual([mistaken.status, mistaken.code], [422, "arguments"]);
    assert.deepEqual(mistaken.mistakes, [{ place: "args[0]", message: 'expected s64, got "one"' }]);
    assert.equal(unknown.code, "task-unknown");
  });

  test("the same call under the same id is one invocation, and another call is refused", async () => {
    const id = randomUUID();
    const q = queue();

    const first = await q.enqueue("hello/greet", ["Ada"], { id });
    const second = await q.enqueue("hello/greet", ["Ada"], { id });
    const other = await q.enqueue("hello/greet", ["Bo"], { id }).catch((error: unknown) => error);

    assert.deepEqual([first.id, second.id], [id, id]);
    assert.ok(other instanceof Problem && other.code === "id-taken");
  });

  test("many are enqueued at once and waited for together", async () => {
    const names = Array.from({ length: 1200 }, (_, index) => `sailor ${index}`);
    const handles = await queue().enqueueMany<string>(names.map((name) => ({ task: "hello/greet", args: [name] })));

    const some = await client().waitAny(handles);
    await client().waitAll(handles, { timeoutMs: 60_000 });

    assert.ok(some.length > 0);
    const results = await Promise.all(handles.map((handle) => handle.getResult()));
    assert.deepEqual(
      results,
      names.map((name) => `Hello, ${name}!`),
    );
  });

  test("a queue is put, changed, listed and holds what is paused", async () => {
    const q = queue();
    await q.put({ concurrency: 2, paused: true });
    const handle = await q.enqueue("hello/nothing", [], { priority: 3, tags: { for: "test" } });

    const why = await handle.why();
    const late = await handle.getResult({ timeoutMs: 100 }).catch((error: unknown) => error);
    const changed = await q.change({ paused: false });
    await handle.getResult();

    assert.deepEqual(
      why.reasons.map(({ code }) => code),
      ["paused"],
    );
    assert.ok(late instanceof Timeout);
    assert.deepEqual([changed.concurrency, changed.paused], [2, false]);
    assert.equal((await q.get()).counts.succeeded, 1);
    const names = (await client().queues({ limit: 1 }).toArray()).map(({ name }) => name);
    assert.ok(names.includes(q.name));
  });

  test("a list is filtered and comes in pages", async () => {
    const q = queue();
    const calls = ["a", "b", "c"].map((name) => ({ task: "hello/greet", args: [name], tags: { name } }));
    const handles = await q.enqueueMany(calls);
    await client().waitAll(handles);

    const all = await client().invocations({ queue: q.name, limit: 2 }).toArray();
    const tagged = await client().invocations({ queue: q.name, tag: ["name:b"], include: "args,outcome" }).toArray();
    const exported: string[] = [];
    for await (const one of client().export({ queue: q.name })) {
      exported.push(one.id);
    }

    const ids = handles.map(({ id }) => id).reverse();
    assert.deepEqual([all.map(({ id }) => id), exported], [ids, ids]);
    assert.deepEqual(
      tagged.map(({ args, outcome }) => [args, outcome]),
      [[["b"], { value: "Hello, b!" }]],
    );
  });

  test("what is cancelled says so with its reason, and is resumed", async () => {
    const q = queue();
    await q.put({ paused: true });
    const handle = await q.enqueue<string>("hello/greet", ["Ada"]);

    const cancelled = await handle.cancel("changed my mind");
    const error = await handle.getResult().catch((error: unknown) => error);
    await q.change({ paused: false });
    const resumed = await handle.resume();

    assert.equal(cancelled.state, "cancelled");
    assert.ok(error instanceof Cancelled && error.message.includes("changed my mind"));
    assert.equal(await resumed.getResult(), "Hello, Ada!");
  });

  test("a dry run tells how many match, and then all are cancelled", async () => {
    const q = queue();
    await q.put({ paused: true });
    await q.enqueueMany([{ task: "hello/nothing" }, { task: "hello/nothing" }]);
    const filter = { queue: q.name };

    const told = await client().cancelAll({ filter, dry_run: true });
    const done = await client().cancelAll({ filter, reason: "over" });

    assert.deepEqual([told.matched, told.done, done.done], [2, 0, 2]);
  });

  test("events tell a workflow's life, from what it publishes to its end", async () => {
    const handle = await queue().enqueue<string>("flows/asks", ["name", null]);
    const events: Watched[] = [];

    for await (const event of handle.events()) {
      events.push(event);
      if (event.event === "published") {
        assert.equal(event.data.value, "name");
        await handle.message("name", { big: 2n ** 63n });
      }
    }

    assert.equal(await handle.getResult(), '{"big":9223372036854775808}');
    const last = events.at(-1);
    assert.ok(last?.event === "state" && last.data.state === "succeeded");
    assert.deepEqual(
      (await handle.published()).map(({ name }) => name),
      ["asking"],
    );
    assert.equal((await handle.publishedAs("asking", { waitMs: 1000 })).value, "name");
  });

  test("a workflow's steps are listed, it is forked and replayed", async () => {
    const handle = await queue().enqueue<number>("flows/mixed", [2]);
    const sum = await handle.getResult();

    const steps = await handle.steps({ limit: 3 }).toArray();
    const fork: Handle<number> = await handle.fork({ step: steps.length });

    assert.equal(await fork.getResult(), sum);
    assert.deepEqual(
      steps.map(({ number }) => number),
      steps.map((_, index) => index + 1),
    );
    assert.equal((await handle.replay()).exact, true);
    assert.deepEqual(await handle.logs(), []);
  });

  test("components are listed, shown and granted something", async () => {
    const { components } = client();

    const hello = await components.get("hello");
    const listed = await components.list({ limit: 1 }).toArray();
    await components.setGrants("hello", { http: ["api.example.com"] });
    await components.setDefaults("hello", { greet: { queue: "greetings" } });
    const greeted = await client().enqueue<string>({ task: "hello/greet", args: ["Ada"] });

    assert.deepEqual(
      hello.tasks.map(({ name }) => name),
      ["greet", "add", "fail", "work", "nothing"],
    );
    assert.ok(listed.some(({ name }) => name === "types"));
    assert.match(await components.wit("hello", hello.version), /greet: func\(name: string\) -> string/);
    assert.deepEqual((await components.grants("hello")).http, ["api.example.com"]);
    assert.equal((await components.defaults("hello"))["greet"]?.queue, "greetings");
    assert.equal((await greeted.status()).queue, "greetings");
  });

  test("a schedule is put, shown, paused, triggered and deleted", async () => {
    const { schedules } = client();
    const name = `nightly-${randomUUID()}`;

    await schedules.put(name, { cron: "0 3 * * *", queue: queue().name, task: "hello/greet", args: ["Ada"] });
    const handle = await schedules.trigger<string>(name);
    const paused = await schedules.pause(name);
    const resumed = await schedules.resume(name);
    const listed = await schedules.list().toArray();
    await schedules.delete(name);

    assert.equal(await handle.getResult(), "Hello, Ada!");
    assert.deepEqual([paused.paused, resumed.paused, resumed.next.length], [true, false, 5]);
    assert.ok(listed.some((one) => one.name === name));
    await assert.rejects(schedules.get(name), (error) => error instanceof Problem && error.code === "schedule-unknown");
  });

  test("what answers tells its version and its hosts", async () => {
    await client().health();

    const info = await client().info();
    const hosts = await client().hosts();

    assert.ok(hosts.some(({ version }) => version === info.version));
  });

  test("a host that is killed and started again is not noticed", { skip: process.env["WINDLASS_BIN"] === undefined }, async () => {
    const first = await start();
    const away = new Client(first.server, { patienceMs: 30_000 });
    await upload(away, "hello");
    await away.queue("q").put({ paused: true });
    const handle = await away.queue("q").enqueue<string>("hello/greet", ["Ada"]);
    const events = handle.events();
    await events.next();

    const result = handle.getResult();
    const end = (async () => {
      for await (const event of events) {
        if (event.event === "state" && event.data.state === "succeeded") {
          return event.data.outcome;
        }
      }
      return null;
    })();
    await first.kill();
    const second = await start({ port: Number(new URL(first.server).port), data: first.data });
    await away.queue("q").change({ paused: false });

    assert.equal(await result, "Hello, Ada!");
    assert.deepEqual(await end, { value: "Hello, Ada!" });
    await second.stop();
  });
});
