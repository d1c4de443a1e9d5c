import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import * as testing from "@windlass/guest/testing";
import * as workflow from "@windlass/guest/workflow";

beforeEach(() => testing.reset());

test("a handle gives the value of its task, large integers exactly", () => {
  testing.tasks({ addAll: (a, b) => BigInt(a) + BigInt(b) });

  const handle = workflow.enqueue("add-all", [2n ** 60n, 1n]);

  assert.equal(handle.getResult(), 2n ** 60n + 1n);
  assert.equal(handle.status(), "succeeded");
});

test("a task that fails is a TaskFailed with its payload", () => {
  testing.tasks({
    work() {
      throw new Error("no");
    },
  });

  const handle = workflow.enqueue("work");

  assert.throws(() => handle.getResult(), (error) => {
    assert.ok(error instanceof workflow.TaskFailed);
    assert.deepEqual([error.kind, error.payload], ["guest", "no"]);
    return true;
  });
});

test("a task that nobody knows is Refused with a code", () => {
  assert.throws(() => workflow.enqueue("nobody"), { name: "Refused", code: "task-unknown" });
});

test("an option that nobody knows is a mistake", () => {
  testing.tasks({ work: () => 1 });

  assert.throws(() => workflow.enqueue("work", [], { timeout: 3 }), /there is no option timeout/);
  assert.throws(() => workflow.enqueue("work", 3), /expected arguments as an array/);
});

test("durations are numbers of milliseconds or texts", () => {
  const begun = workflow.now();

  workflow.sleep(5);
  workflow.sleep("2s");
  workflow.sleep("0.5h");

  assert.equal(workflow.now() - begun, 5 + 2_000 + 1_800_000);
  assert.throws(() => workflow.sleep("2 weeks"), /sleep: expected milliseconds/);
  assert.throws(() => workflow.sleep(-1), /sleep: expected milliseconds/);
});

test("a step gives what its work returns, as it would be recorded", () => {
  assert.deepEqual(workflow.step("work", () => ({ at: 1n, gone: undefined })), { at: 1 });
});

test("messages are taken in order, and a wait for one ends with its time", () => {
  testing.send("go", { by: "Ada" });

  assert.deepEqual(workflow.receive("go"), { by: "Ada" });
  assert.equal(workflow.receive("go", "1h"), undefined);
});

test("what is published can be read, and continuing as new ends the workflow", () => {
  workflow.publish("count", [1, 2]);

  assert.deepEqual(testing.published("count"), [1, 2]);
  assert.throws(() => workflow.continueAsNew([3]), testing.ContinuedAsNew);
});

test("waiting tells which has ended", () => {
  testing.tasks({ work: () => 1 });
  const handles = workflow.enqueueMany("work", [[], []]);

  assert.equal(workflow.waitAny(handles), 0);
  assert.equal(workflow.waitAll(handles, "1m"), true);
  assert.equal(workflow.waitAny([]), undefined);
  assert.equal(workflow.find(handles[1].id).getResult(), 1);
});
