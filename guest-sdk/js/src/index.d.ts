/**
 * What a task asks of its host: its log, who it is, how far it is; and how it fails.
 *
 * @module @windlass/guest
 */

/** A `result` of WIT inside of other data. A function's own is returned, and its `err` thrown. */
export type Result<T, E> = { tag: "ok"; val: T } | { tag: "err"; val: E };

/** The invocation that a sandbox was made for. */
export interface Invocation {
  /** The handle, unique within its namespace. */
  id: string;
  namespace: string;
  queue: string;
  /** The task as the caller wrote it. */
  task: string;
  /** 1 for the first attempt; a workflow is always told 1. */
  attempt: number;
}

/** Who is running. */
export function thisInvocation(): Invocation;

/**
 * Tells whoever watches the invocation how far it is: `done` of `total`, with a short note. Only the
 * newest report is kept.
 */
export function progress(done: number | bigint, total: number | bigint, note?: string): void;

/** The invocation's log, by levels. `console` writes there, too. */
export const log: {
  trace(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
};

/**
 * What a function with `result<T, E>` throws to fail with an E that is no text, and what a call of
 * such a function by its type throws. Where E is `string`, any `Error` fails with its message.
 */
export class TaskError<E = unknown> extends Error {
  constructor(payload: E, message?: string);
  readonly payload: E;
}

/** `throw err(value)` is `throw new TaskError(value)`. */
export function err<E>(value: E): TaskError<E>;
