/** An error that is meant: the `err` of a function that has one in the WIT. */

/**
 * What a function with `result<T, E>` throws to fail with an E that is no text, and what a call of
 * such a function throws.
 */
export class TaskError extends Error {
  constructor(payload, message) {
    super(message ?? (typeof payload === "string" ? payload : told(payload)));
    this.name = "TaskError";
    this.payload = payload;
  }
}

/** Fails with this value: `throw err(value)`. */
export function err(value) {
  return new TaskError(value);
}

function told(payload) {
  const plain = (_, value) => (typeof value === "bigint" ? String(value) : value);
  return payload === undefined ? "the call failed" : JSON.stringify(payload, plain);
}
