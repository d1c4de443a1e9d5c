/** A call as the host takes it, made of what an author gives. */

import { ms } from "./duration.js";
import { encode } from "./json.js";

const OPTIONS = [
  "queue",
  "id",
  "priority",
  "timeoutMs",
  "delayMs",
  "deadlineMs",
  "partition",
  "retries",
  "tags",
  "detached",
];
const RETRIES = ["max", "backoffMs", "factor", "maxBackoffMs", "jitter", "on"];

/** The call of a task with these arguments: an array by position, or an object by name. */
export function call(task, args, options) {
  if (typeof args !== "object" || args === null) {
    throw new TypeError(`${task}: expected arguments as an array, or as an object by name`);
  }
  known(options, OPTIONS, "option");
  return {
    queue: options.queue,
    task,
    arguments: encode(args),
    options: {
      id: options.id,
      priority: options.priority,
      timeoutMs: ms(options.timeoutMs, "timeoutMs"),
      delayMs: ms(options.delayMs, "delayMs"),
      deadlineMs: ms(options.deadlineMs, "deadlineMs"),
      partition: options.partition,
      retries: options.retries === undefined ? undefined : retries(options.retries),
      tags: Object.entries(options.tags ?? {}).map(([key, value]) => [key, String(value)]),
      detached: options.detached === true,
    },
  };
}

function retries(given) {
  const wanted = typeof given === "number" ? { max: given } : given;
  known(wanted, RETRIES, "option of retries");
  return {
    max: wanted.max,
    backoffMs: ms(wanted.backoffMs, "backoffMs"),
    factor: wanted.factor,
    maxBackoffMs: ms(wanted.maxBackoffMs, "maxBackoffMs"),
    jitter: wanted.jitter,
    on: wanted.on ?? [],
  };
}

/** Nothing is dropped silently: a name that nobody knows is a mistake. */
function known(given, names, what) {
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      throw new TypeError(`there is no ${what} ${name}; there are ${names.join(", ")}`);
    }
  }
}
