/**
 * The host of a workflow, for tests: tasks run in place when they are enqueued, sleeping moves a clock
 * that stands still otherwise, and nothing is ever replayed.
 */

import { randomBytes } from "node:crypto";

import { decode, encode } from "../src/json.js";
import { state } from "./state.js";

class Invocation {
  constructor(id, outcome) {
    this.ended = { id, outcome };
  }

  id() {
    return this.ended.id;
  }

  getResult() {
    const { value, error } = this.ended.outcome;
    if (error) throw { payload: error };
    return value;
  }

  status() {
    return this.ended.outcome.error ? "failed" : "succeeded";
  }

  cancel() {}
}

export function enqueue({ task, arguments: args, options }) {
  const work = state.tasks.get(short(task));
  if (!work) {
    throw { payload: { code: "task-unknown", message: `${task}: the test gives no such task: tasks({ … })` } };
  }
  const id = options.id ?? `test-${++state.count}`;
  const given = decode(args);
  const outcome = run(work, Array.isArray(given) ? given : Object.values(given));
  const made = new Invocation(id, outcome);
  state.invocations.set(id, made);
  return made;
}

/** `addUp` of `letters@1.0.0/add-up` or `local:letters/workflows#add-up`. */
function short(task) {
  const name = task.split(/[/#]/).pop();
  return name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

function run(work, args) {
  try {
    return { value: encode(work(...args)) };
  } catch (thrown) {
    const payload = Object.hasOwn(thrown ?? {}, "payload") ? thrown.payload : thrown?.message;
    const message = `the task returned the error ${encode(payload)}`;
    return { error: { kind: "guest", message, payload: encode(payload) } };
  }
}

export function enqueueMany(calls) {
  return calls.map(enqueue);
}

export function find(id) {
  const found = state.invocations.get(id);
  if (!found) throw { payload: { code: "invocation-unknown", message: `there is no invocation ${id}` } };
  return found;
}

export function waitAny(handles) {
  return handles.length ? 0 : undefined;
}

export function waitAll() {
  return true;
}

export function sleep(ms) {
  state.now += Number(ms);
}

export function now() {
  return BigInt(state.now);
}

export function random(length) {
  return new Uint8Array(randomBytes(length));
}

export function publish(name, value) {
  state.published.set(name, value);
}

export function receive(name, timeout) {
  const message = state.messages.get(name)?.shift();
  if (message === undefined) {
    if (timeout === undefined) throw new Error(`the test sends no message ${name}: send(${JSON.stringify(name)}, …)`);
    state.now += Number(timeout);
  }
  return message;
}

export function stepBegin() {
  return undefined;
}

export function stepEnd() {}

export function continueAsNew(args) {
  throw new ContinuedAsNew(decode(args));
}

/** A workflow began anew, with these arguments. */
export class ContinuedAsNew extends Error {
  constructor(args) {
    super("the workflow continues as new");
    this.name = "ContinuedAsNew";
    this.arguments = args;
  }
}
