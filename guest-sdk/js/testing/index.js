/**
 * Tests of tasks and workflows without a host.
 *
 * @module @windlass/guest/testing
 */

import { decode, encode } from "../src/json.js";
import { forget, give } from "./imports.js";
import { reset as resetState, state } from "./state.js";

export { ContinuedAsNew } from "./host-workflow.js";

/** The tasks that a workflow enqueues by name, by what they are called in JavaScript. */
export function tasks(functions) {
  for (const [name, work] of Object.entries(functions)) state.tasks.set(name, work);
}

/** The functions of another component, which are called by their type. */
export function imports(id, functions) {
  give(id, functions);
}

/** Sends a message, which `receive` takes. */
export function send(name, value) {
  const sent = state.messages.get(name) ?? [];
  state.messages.set(name, [...sent, encode(value)]);
}

/** What was published under this name. */
export function published(name) {
  const value = state.published.get(name);
  return value === undefined ? undefined : decode(value);
}

/** What was logged: `[{ level, message }]`. */
export function logged() {
  return [...state.log];
}

/** What was reported last: `{ done, total, note }`. */
export function progressed() {
  return state.progress;
}

/** Forgets everything: for `beforeEach`. */
export function reset() {
  resetState();
  forget();
}
