/** The host of a task, for tests: the log is kept, progress too. */

import { state } from "./state.js";

export function thisInvocation() {
  return { ...state.invocation };
}

export function log(level, message) {
  state.log.push({ level, message });
}

export function progress(done, total, note) {
  state.progress = { done, total, note };
}
