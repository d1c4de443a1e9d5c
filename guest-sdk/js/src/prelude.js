/**
 * What every module finds in its engine: a console that writes to the invocation's log, and random
 * numbers that differ from sandbox to sandbox. An engine is started once, when the component is
 * built: what it brings itself would be the same in every call.
 *
 * What QuickJS lacks besides (`URL`, `TextEncoder` …) is put in where a module uses it: `missing/`.
 */

import { log } from "./host.js";
import { format, inspect } from "./inspect.js";
import { running } from "./life.js";
import { number } from "./random.js";

const line = (level) => (...values) => log(level, format(values));
const timers = new Map();
const counts = new Map();

globalThis.console = {
  debug: line("debug"),
  log: line("info"),
  info: line("info"),
  warn: line("warn"),
  error: line("error"),
  trace: (...values) => log("trace", `${format(values)}\n${new Error().stack ?? ""}`.trim()),
  dir: (value) => log("info", inspect(value)),
  table: (value) => log("info", inspect(value)),
  assert(condition, ...values) {
    if (!condition) log("error", `Assertion failed${values.length ? `: ${format(values)}` : ""}`);
  },
  group: line("info"),
  groupCollapsed: line("info"),
  groupEnd() {},
  count(label = "default") {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    log("info", `${label}: ${counts.get(label)}`);
  },
  countReset: (label = "default") => counts.delete(label),
  time: (label = "default") => timers.set(label, Date.now()),
  timeLog: (label = "default") => log("info", `${label}: ${Date.now() - timers.get(label)} ms`),
  timeEnd(label = "default") {
    log("info", `${label}: ${Date.now() - timers.get(label)} ms`);
    timers.delete(label);
  },
};

const builtIn = Math.random;
// Libraries draw numbers while they are loaded, to tell themselves apart: those may stay.
Math.random = () => (running() ? number() : builtIn());
