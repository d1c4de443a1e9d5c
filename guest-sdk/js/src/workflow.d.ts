/**
 * What a workflow does: it enqueues tasks, waits for them, sleeps, and goes on where it was when its
 * host dies in the middle. It is replayed then, so what it does has to follow from its arguments and
 * from what it was answered here. Clocks and random numbers do.
 *
 * @module @windlass/guest/workflow
 */

/** Milliseconds, or a text such as `"90s"`, `"5m"`, `"2h"`, `"3d"`. */
export type Duration = number | bigint | string;

/** How often a failed attempt is made again, and when. */
export interface Retries {
  /** At most so many attempts after the first. */
  max: number;
  backoffMs?: Duration;
  factor?: number;
  maxBackoffMs?: Duration;
  /** From 0 to 1. */
  jitter?: number;
  /** Kinds of failures, or `guest:CASE`; the usual ones where it is left out. */
  on?: string[];
}

/** How a call is to be run; what is left out comes from its task, its queue, its host. */
export interface Options {
  /** The queue; the workflow's own if none is named. */
  queue?: string;
  /** The id of the invocation; by default it is made of the workflow's own. */
  id?: string;
  /** Lower goes first; 0 by default. */
  priority?: number;
  /** How long one attempt may take. */
  timeoutMs?: Duration;
  /** Not before so long has passed. */
  delayMs?: Duration;
  /** From enqueue to outcome. */
  deadlineMs?: Duration;
  /** The partition of the queue. */
  partition?: string;
  /** How often, or how often and when. */
  retries?: number | Retries;
  /** For people and filters. */
  tags?: Record<string, string>;
  /** Whether it goes on when this workflow is cancelled. */
  detached?: boolean;
}

/** Arguments by position, or by name. */
export type Arguments = readonly unknown[] | Readonly<Record<string, unknown>>;

/** Where an invocation is in its life. */
export type State =
  | "scheduled"
  | "queued"
  | "running"
  | "waiting"
  | "succeeded"
  | "failed"
  | "cancelled";

/** A call of a task did not succeed. */
export class TaskFailed extends Error {
  /** `guest`, `trap`, `limit`, `timeout`, `host-lost`, `cancelled` … */
  readonly kind: string;
  /** Of kind `guest`: the task's own error, as its JSON is. */
  readonly payload: unknown;
}

/** Something was not done, and why. */
export class Refused extends Error {
  /** A word for programs: `task-unknown`, `arguments` … */
  readonly code: string;
}

/** An invocation. */
export class Handle<T = unknown> {
  private constructor();
  readonly id: string;
  /**
   * Waits for its end, and gives its value as its JSON is; integers beyond 2^53 are bigints.
   *
   * @throws {TaskFailed} if it did not succeed
   */
  getResult(): T;
  /** Where it is in its life. */
  status(): State;
  /** Asks for its end and for that of its descendants. Does not wait for it. */
  cancel(): void;
}

/**
 * Enqueues a call: `images/resize`, or without a component for one of this component's own, in this
 * very version: `resize`.
 *
 * @throws {Refused}
 */
export function enqueue<T = any>(task: string, args?: Arguments, options?: Options): Handle<T>;

/** Enqueues one call for each of these arguments as one step: all or none. */
export function enqueueMany<T = any>(
  task: string,
  args: Iterable<Arguments>,
  options?: Options,
): Handle<T>[];

/** The handle of an invocation whose id the workflow was given. */
export function find<T = any>(id: string): Handle<T>;

/** Waits until one of them has ended and gives its index; `undefined` if the time was up before. */
export function waitAny(handles: Iterable<Handle>, timeoutMs?: Duration): number | undefined;

/** Waits until all of them have ended, or the time is up: whether they have. */
export function waitAll(handles: Iterable<Handle>, timeoutMs?: Duration): boolean;

/** Waits. Days are fine: a workflow that waits takes no memory. */
export function sleep(duration: Duration): void;

/** The time, in milliseconds since 1970; the same in every replay. */
export function now(): number;

/** Random bytes; the same in every replay. */
export function random(length: number): Uint8Array;

/** Shows a value to the outside under a name; a later one of the same name replaces it. */
export function publish(name: string, value: unknown): void;

/** Waits for a message of this name, and takes it; `undefined` if the time was up before. */
export function receive<T = any>(name: string, timeoutMs?: Duration): T | undefined;

/**
 * Does a piece of the workflow's own work once, and gives its result, as its JSON is, in every
 * replay. An exception is kept, too.
 */
export function step<T>(name: string, work: () => T): T;

/** Begins anew with these arguments and an empty journal. Does not return. */
export function continueAsNew(args: Arguments): never;
