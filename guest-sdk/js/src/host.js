/** What a task may ask of its host, as the host has it. */

import * as task from "windlass:host/task@0.1.0";

import { needsCall, whenRunning } from "./life.js";

/** Appends a line to the invocation's log; what is said before a call runs is said when it begins. */
export function log(level, message) {
  const text = String(message).toWellFormed();
  whenRunning(() => task.log(level, text));
}

/** The invocation that this sandbox was made for. */
export function invocation() {
  needsCall("thisInvocation()");
  return task.thisInvocation();
}

/** Tells how far it is. */
export function report(done, total, note) {
  needsCall("progress()");
  task.progress(done, total, note);
}
