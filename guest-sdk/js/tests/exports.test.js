import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { TaskError } from "@windlass/guest";
import * as testing from "@windlass/guest/testing";

import { exported, settled } from "../src/exports.js";
import { imported } from "../src/imports.js";

const types = [{ result: ["u32", "string"] }, { result: [null, 2] }, { enum: ["late", "lost"] }];

function one(result, work) {
  return exported(types, { tasks: { work } }, "tasks", [["work", "work", [], result]]).work;
}

function thrown(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
}

beforeEach(() => testing.reset());

test("an error becomes the err with its message, and its stack a line of the log", () => {
  const work = one(0, () => {
    throw new RangeError("too much");
  });

  const error = thrown(work);

  assert.deepEqual(error, { payload: "too much" });
  const [line] = testing.logged();
  assert.equal(line.level, "debug");
  assert.match(line.message, /^work: RangeError: too much\n {4}at /);
});

test("an err of another type is thrown as a TaskError", () => {
  const late = one(1, () => {
    throw new TaskError("late");
  });
  const wrong = one(1, () => {
    throw new TaskError("early");
  });

  assert.deepEqual(thrown(late), { payload: "late" });
  assert.equal(thrown(wrong).message, 'work: error: expected one of late, lost, got "early"');
});

test("what nobody meant traps with its message and stack", () => {
  const typed = one(1, () => null.x);
  const plain = one("string", () => {
    throw new Error("oh");
  });

  assert.match(thrown(typed).message, /^work: TypeError: .*\n {4}at /);
  assert.match(thrown(plain).message, /^work: Error: oh\n {4}at /);
});

test("a result that does not fit is told with its place", () => {
  assert.deepEqual(thrown(one(0, () => -1)), { payload: "result: expected u32, got -1" });
  assert.equal(thrown(one("u8", () => undefined)).message, "work: result: expected u8, got undefined");
});

test("memory that ran out is left to the host to tell", () => {
  const work = one(0, () => {
    throw Object.assign(new Error("out of memory"), { name: "InternalError" });
  });

  assert.equal(typeof thrown(work).payload, "symbol");
});

test("a promise is refused by name", () => {
  assert.match(thrown(one("string", () => Promise.resolve("x"))).message, /returned a promise/);
});

test("a function may stand in its interface's object or alone", () => {
  const functions = [["a-b", "aB", [], "u8"], ["c", "c", [], "u8"]];

  const made = exported(types, { tasks: { aB: () => 1 }, c: () => 2 }, "tasks", functions);

  assert.deepEqual([made.aB(), made.c()], [1, 2]);
});

test("what is missing, async or no function is refused when all are seen", () => {
  const functions = ["gone", "later", "text"].map((name) => [name, name, [], null]);

  exported(types, { tasks: { async later() {}, text: "x" } }, "tasks", functions);

  const { message } = thrown(settled);
  const refused = JSON.parse(message.slice("windlass-refused ".length));
  assert.deepEqual(
    refused.map(({ kind, function: name }) => [kind, name]),
    [["missing", "tasks.gone"], ["async", "tasks.later"], ["not-a-function", "tasks.text"]],
  );
});

test("another component's err is thrown as a TaskError, and its arguments are checked", () => {
  const raw = (number) => {
    if (number > 1) throw Object.assign(new Error("x"), { payload: "too large" });
    return number;
  };
  const call = imported(types, raw, ["work", "work", [["number", "u8"]], 0]);

  assert.equal(call(1), 1);
  const error = thrown(() => call(2));
  assert.ok(error instanceof TaskError);
  assert.deepEqual([error.message, error.payload], ["too large", "too large"]);
  assert.equal(thrown(() => call(-1)).message, "work(number): expected u8, got -1");
});
