/** What the author exports, wrapped: arguments in his shapes, values checked, errors told. */

import { TaskError } from "./errors.js";
import { inspect } from "./inspect.js";
import { begin } from "./life.js";
import { at, isMistake } from "./mistake.js";
import { told } from "./stack.js";
import { codec } from "./values.js";
import { log } from "./host.js";

const refused = [];

/** The functions of an interface: `[name, key, [[parameter, type] …], result]` each. */
export function exported(types, author, scope, functions) {
  const made = {};
  for (const described of functions) {
    const [, key] = described;
    const owner = author[scope]?.[key] === undefined ? author : author[scope];
    const kind = wrong(owner[key]);
    if (kind) refused.push({ kind, function: `${scope}.${key}`, name: key });
    else made[key] = wrapped(types, owner, described);
  }
  return made;
}

/** All of them were seen: refuses the build if one of them cannot be exported. */
export function settled() {
  if (refused.length) throw new Error(`windlass-refused ${JSON.stringify(refused)}`);
}

function wrong(implementation) {
  if (implementation === undefined) return "missing";
  if (typeof implementation !== "function") return "not-a-function";
  const { name } = implementation.constructor;
  if (name.endsWith("GeneratorFunction")) return "generator";
  if (name === "AsyncFunction" && !globalThis.__windlass_waits) return "async";
  return undefined;
}

function wrapped(types, owner, [, key, params, result]) {
  const lifts = params.map(([, type]) => codec(types, type).lift);
  const answer = outcome(types, result);
  return (...args) => {
    begin();
    let value;
    try {
      for (let at = 0; at < lifts.length; at++) if (lifts[at]) args[at] = lifts[at](args[at]);
      value = owner[key](...args);
    } catch (thrown) {
      throw answer.failed(key, thrown);
    }
    if (typeof value?.then === "function") {
      if (globalThis.__windlass_waits) {
        return value.then(
          (value) => answer.value(key, value),
          (thrown) => { throw answer.failed(key, thrown); },
        );
      }
      throw answer.failed(key, new TypeError("it returned a promise, but calls do not wait for promises"));
    }
    return answer.value(key, value);
  };
}

/** How a function ends, by the type of its result. */
function outcome(types, type) {
  const described = typeof type === "number" ? types[type].result : undefined;
  const [ok, err] = described ?? [type, undefined];
  const { lower } = ok === null ? { lower: () => undefined } : codec(types, ok);
  const isText = err === "string";

  /** What nobody meant: the `err` where that is text, else a trap. */
  const unmeant = (key, thrown) => (isText ? raised(key, thrown, brief(thrown)) : trap(key, thrown));
  return {
    value(key, value) {
      try {
        return lower(value);
      } catch (mistake) {
        throw unmeant(key, at(mistake, "result"));
      }
    },
    failed(key, thrown) {
      if (isExhausted(thrown)) return EXHAUSTED;
      if (err === undefined) return trap(key, thrown);
      if (err === null) return raised(key, thrown, undefined);
      if (!(thrown instanceof TaskError)) return unmeant(key, thrown);
      try {
        return { payload: codec(types, err).lower(thrown.payload) };
      } catch (mistake) {
        return unmeant(key, at(mistake, "error"));
      }
    },
  };
}

/** An exception that is the function's `err`: its stack goes to the log. */
function raised(key, thrown, payload) {
  if (!(thrown instanceof TaskError)) log("debug", `${key}: ${told(thrown)}`);
  return { payload };
}

/** The message of an exception. */
function brief(thrown) {
  const text = thrown instanceof Error ? thrown.message : thrown;
  return (typeof text === "string" ? text : inspect(text)).toWellFormed();
}

/** An exception that ends the call as a trap: the engine prints its message to the log. */
function trap(key, thrown) {
  const said = isMistake(thrown) ? thrown.message : told(thrown);
  const error = new Error(`${key}: ${said}`.toWellFormed());
  error.stack = "";
  return error;
}

/** Of no type that bindings take, so that the call traps, and its host sees that memory was refused. */
const EXHAUSTED = { payload: Symbol("out of memory") };

function isExhausted(thrown) {
  return thrown === null || (thrown?.name === "InternalError" && thrown.message === "out of memory");
}
