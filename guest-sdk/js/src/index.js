/**
 * What a task asks of its host: its log, who it is, how far it is; and how it fails.
 *
 * @module @windlass/guest
 */

import { invocation, log as write, report } from "./host.js";
import { format } from "./inspect.js";
import { at } from "./mistake.js";
import { primitives } from "./primitives.js";

export { TaskError, err } from "./errors.js";

const line = (level) => (...values) => write(level, format(values));

/** The invocation's log, by levels. `console` writes there, too. */
export const log = {
  trace: line("trace"),
  debug: line("debug"),
  info: line("info"),
  warn: line("warn"),
  error: line("error"),
};

/** Who is running. */
export function thisInvocation() {
  const { id, namespace, queue, task, attempt } = invocation();
  return { id, namespace, queue, task, attempt };
}

/** Tells whoever watches how far it is. */
export function progress(done, total, note = "") {
  report(count(done, "done"), count(total, "total"), primitives.string.lower(note));
}

function count(value, name) {
  try {
    return primitives.u64.lower(value);
  } catch (mistake) {
    throw at(mistake, `progress(${name})`);
  }
}
