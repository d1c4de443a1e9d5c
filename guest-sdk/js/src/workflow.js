/**
 * What a workflow does: it enqueues tasks, waits for them, sleeps, and goes on where it was when its
 * host dies in the middle. It is replayed then, so it must do the same again: whatever it does has to
 * follow from its arguments and from what it was answered here. Clocks and random numbers do.
 *
 * @module @windlass/guest/workflow
 */

import * as host from "windlass:host/workflow@0.1.0";

import { decode, encode } from "./json.js";
import { needsCall } from "./life.js";
import { call } from "./call.js";
import { ms } from "./duration.js";

/** A call of a task did not succeed: `kind` says how (`guest`, `trap`, `timeout`, `cancelled` …). */
export class TaskFailed extends Error {
  constructor({ kind, message, payload }) {
    super(message);
    this.name = "TaskFailed";
    this.kind = kind;
    /** Of kind `guest`: the task's own error. */
    this.payload = payload === undefined || payload === null ? undefined : decode(payload);
  }
}

/** Something was not done: `code` is a word for programs (`task-unknown` …). */
export class Refused extends Error {
  constructor({ code, message }) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}

/** An invocation. */
export class Handle {
  #raw;

  /** @internal */
  constructor(raw) {
    this.#raw = raw;
  }

  /** Its id. */
  get id() {
    return this.#raw.id();
  }

  /** Waits for its end, and gives its value; throws {@link TaskFailed}. */
  getResult() {
    return decode(answered(TaskFailed, () => this.#raw.getResult()));
  }

  /** Where it is in its life. */
  status() {
    return this.#raw.status();
  }

  /** Asks for its end, and does not wait for it. */
  cancel() {
    this.#raw.cancel();
  }

  /** @internal */
  static raw(handle) {
    if (!(handle instanceof Handle)) throw new TypeError("expected a handle, as enqueue gives it");
    return handle.#raw;
  }
}

/** What the host answers; what it refuses is thrown as an error of this type. */
function answered(Type, ask) {
  needsCall("a workflow's call");
  try {
    return ask();
  } catch (thrown) {
    if (thrown && Object.hasOwn(thrown, "payload")) throw new Type(thrown.payload);
    throw thrown;
  }
}

/** Enqueues a call; throws {@link Refused}. */
export function enqueue(task, args = [], options = {}) {
  return new Handle(answered(Refused, () => host.enqueue(call(task, args, options))));
}

/** Enqueues one call for each of these arguments as one step: all or none. */
export function enqueueMany(task, args, options = {}) {
  const calls = Array.from(args, (each) => call(task, each, options));
  return answered(Refused, () => host.enqueueMany(calls)).map((raw) => new Handle(raw));
}

/** The handle of an invocation whose id the workflow was given. */
export function find(id) {
  return new Handle(answered(Refused, () => host.find(String(id))));
}

/** Waits until one of them has ended and gives its index; `undefined` if the time was up before. */
export function waitAny(handles, timeoutMs) {
  const raw = Array.from(handles, Handle.raw);
  return answered(Refused, () => host.waitAny(raw, ms(timeoutMs, "timeoutMs"))) ?? undefined;
}

/** Waits until all of them have ended, or the time is up: whether they have. */
export function waitAll(handles, timeoutMs) {
  const raw = Array.from(handles, Handle.raw);
  return answered(Refused, () => host.waitAll(raw, ms(timeoutMs, "timeoutMs")));
}

/** Waits. Days are fine: a workflow that waits takes no memory. */
export function sleep(duration) {
  needsCall("sleep");
  host.sleep(ms(duration, "sleep", true));
}

/** The time, in milliseconds since 1970; the same in every replay. */
export function now() {
  needsCall("now");
  return Number(host.now());
}

/** Random bytes; the same in every replay. */
export function random(length) {
  needsCall("random");
  return Uint8Array.from(host.random(length));
}

/** Shows a value to the outside under a name; a later one of the same name replaces it. */
export function publish(name, value) {
  needsCall("publish");
  host.publish(name, encode(value));
}

/** Waits for a message of this name, and takes it; `undefined` if the time was up before. */
export function receive(name, timeoutMs) {
  needsCall("receive");
  const message = host.receive(name, ms(timeoutMs, "timeoutMs"));
  return message === undefined || message === null ? undefined : decode(message);
}

/** In which a step's exception is kept, so that a replay throws it again. */
const THROWN = "windlass:thrown";

/** Does a piece of the workflow's own work once, and gives its result in every replay. */
export function step(name, work) {
  needsCall("step");
  const known = host.stepBegin(name);
  if (known !== undefined && known !== null) return recorded(decode(known));
  let text;
  try {
    text = encode(work());
  } catch (thrown) {
    host.stepEnd(encode({ [THROWN]: String(thrown?.message ?? thrown) }));
    throw thrown;
  }
  host.stepEnd(text);
  return decode(text);
}

function recorded(value) {
  if (value && typeof value === "object" && Object.hasOwn(value, THROWN)) throw new Error(value[THROWN]);
  return value;
}

/** Begins anew with these arguments and an empty journal. Does not return. */
export function continueAsNew(args) {
  needsCall("continueAsNew");
  host.continueAsNew(encode(args));
  throw new Error("the host went on after continueAsNew");
}

