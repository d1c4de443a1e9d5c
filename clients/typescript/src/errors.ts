/**
 * What can go wrong between a caller and its result. Every error of this library is a
 * {@link WindlassError}, but for an abort by the caller's own signal, which throws its reason.
 *
 * @example
 * try {
 *   await handle.getResult();
 * } catch (error) {
 *   if (error instanceof TaskFailed && error.kind === "guest") console.log(error.payload);
 *   else throw error;
 * }
 */

import type { Failure, FailureKind, Mistake, ProblemDocument } from "./wire/index.js";
import type { Json } from "./json.js";

/** Any error of this library. */
export class WindlassError extends Error {
  /** What to do about it, where there is something. */
  readonly hint: string | undefined;

  constructor(message: string, options?: { cause?: unknown; hint?: string | undefined }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options?.hint;
  }
}

/** Nothing answers there, or the connection broke. */
export class Unreachable extends WindlassError {
  constructor(
    /** The server's address. */
    readonly url: string,
    reason: string,
    cause?: unknown,
  ) {
    super(`no host can be reached at ${url}: ${reason}`, {
      cause,
      hint: "start a host with `windlass serve`, or name one with WINDLASS_SERVER",
    });
  }
}

/** The host refused: an RFC 9457 problem. Its `code` is stable and by what programs tell problems apart. */
export class Problem extends WindlassError {
  /** The HTTP status. */
  readonly status: number;
  /** Which problem it is, such as `task-unknown`. */
  readonly code: string;
  /** What this code means, the same for every such problem. */
  readonly title: string;
  /** What was refused, and why. */
  readonly detail: string;
  /** The address of the page about this code. */
  readonly type: string;
  /** Every mistake with its place, such as `args[1].sizes[3]`. */
  readonly mistakes: readonly Mistake[];

  constructor(problem: ProblemDocument) {
    const mistakes = problem.errors ?? [];
    // A problem with one mistake may say it in its detail as well.
    const further = mistakes.filter((mistake) => !problem.detail.includes(mistake.message));
    const lines = further.map((mistake) => `\n  ${mistake.place}: ${mistake.message}`);
    super(problem.detail + lines.join(""), { hint: problem.hint });
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
    this.detail = problem.detail;
    this.type = problem.type ?? "";
    this.mistakes = mistakes;
  }
}

/** The invocation ended without a value. */
export class TaskFailed extends WindlassError {
  /** Of which kind the error is. */
  readonly kind: FailureKind;
  /** What happened, without the name of the task. */
  readonly reason: string;
  /** Of kind `guest`: the E of the function's `result<T, E>`. */
  readonly payload: Json | undefined;
  /** Of kind `trap` and `limit`: the frames of the guest, innermost first. */
  readonly backtrace: readonly string[];
  /** Of kind `limit`: which limit. */
  readonly limit: string | undefined;

  constructor(
    /** The invocation's id. */
    readonly id: string,
    /** The task as it was called. */
    readonly task: string,
    failure: Failure,
  ) {
    super(`${task} failed (${failure.kind}): ${failure.message}`);
    this.kind = failure.kind;
    this.reason = failure.message;
    this.payload = failure.payload;
    this.backtrace = failure.backtrace ?? [];
    this.limit = failure.limit;
  }
}

/** The invocation ended because somebody asked: a {@link TaskFailed} of the kind `cancelled`. */
export class Cancelled extends TaskFailed {}

/** What was asked for has not come in the time that the caller gave. The invocation goes on. */
export class Timeout extends WindlassError {
  constructor(
    /** What was waited for. */
    readonly what: string,
    /** For how long, in milliseconds. */
    readonly timeoutMs: number,
  ) {
    super(`${what} has not come within ${timeoutMs} ms`);
  }
}

/** The answer is not one that a Windlass host gives. */
export class ProtocolError extends WindlassError {
  constructor(
    /** What was asked. */
    readonly url: string,
    reason: string,
  ) {
    super(`the answer of ${url} is not understood: ${reason}`, {
      hint: "something else than a Windlass host may listen there, or one of another version",
    });
  }
}

/** The arguments cannot be written as JSON. */
export class ArgumentsError extends WindlassError {
  constructor(
    /** Where, such as `args[1].sizes[3]`. */
    readonly place: string,
    reason: string,
  ) {
    super(`${place}: ${reason}`);
  }
}

/** A value is not of the type that was asked for. */
export class ValueError extends WindlassError {
  constructor(
    /** Where, such as `result.sizes[3]`. */
    readonly place: string,
    reason: string,
  ) {
    super(`${place}: ${reason}`);
  }
}

/** The server's address is no address. */
export class AddressError extends WindlassError {
  constructor(
    /** The text as given. */
    readonly url: string,
    reason: string,
  ) {
    super(`${JSON.stringify(url)} is no address of a host: ${reason}`, {
      hint: "give it as http://127.0.0.1:7070",
    });
  }
}

/** The error of an invocation that ended without a value. */
export function failed(id: string, task: string, failure: Failure): TaskFailed {
  return failure.kind === "cancelled" ? new Cancelled(id, task, failure) : new TaskFailed(id, task, failure);
}
