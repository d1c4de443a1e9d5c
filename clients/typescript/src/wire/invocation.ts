/** Invocations: what is said when they are enqueued, what a handle shows, what they tell. */

import type { Json } from "../json.js";
import type { Kind } from "./component.js";
import type { Debounce, Dedup, RateLimit, Retries } from "./queue.js";
import type { Published } from "./workflow.js";

/** What a call may say beyond queue, task and arguments. */
export interface CallOptions {
  /** The id that the caller chose: the same call under it again is the same invocation, another
   * call is refused. One is made where it is absent. */
  id?: string;
  /** Lower goes first; what the task's manifest says by default, else 0. */
  priority?: number;
  /** Not before so many milliseconds have passed. */
  delay_ms?: number;
  /** Not before this moment, as RFC 3339; in place of `delay_ms`. */
  start_at?: string;
  /** The partition, on a queue that has partitions. */
  partition?: string;
  /** Of this key there is one invocation that has not ended. */
  dedup?: Dedup;
  /** Of this key the last call within a period wins; in place of `dedup`. */
  debounce?: Debounce;
  /** How long one attempt may take, in milliseconds. */
  timeout_ms?: number;
  /** From enqueue to outcome, in milliseconds; then it ends as a `timeout`. */
  deadline_ms?: number;
  /** How often a failed attempt is made again. */
  retries?: Retries;
  /** For people and filters. */
  tags?: Record<string, string>;
}

/** A call to be enqueued to a queue. */
export interface Call extends CallOptions {
  /** The task: `images/resize`, `images@1.2.0/resize`, `images/demo:images/tasks#resize`. */
  task: string;
  /** The arguments: an array by position or an object by name; none where they are absent. */
  args?: Args;
}

/** Arguments: an array by position or an object by name. */
export type Args = readonly unknown[] | object;

/** Where an invocation is in its life. */
export type State = "scheduled" | "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";

/** An invocation, as a handle shows it. */
export interface Invocation {
  /** Its id. */
  id: string;
  /** Its queue. */
  queue: string;
  /** The task as the caller wrote it. */
  task: string;
  /** Whether it is a task or a workflow. */
  kind: Kind;
  /** The digest of the component, fixed when it was enqueued. */
  digest: string;
  /** Where it is in its life. */
  state: State;
  /** The newest attempt, 0 before the first. */
  attempt: number;
  /** Lower goes first. */
  priority: number;
  /** When it was stored. */
  enqueued_at: string;
  /** When the newest attempt started. */
  started_at: string | null;
  /** When it ended. */
  finished_at: string | null;
  /** How long one attempt may take, in milliseconds, where the call said so. */
  timeout_ms?: number;
  /** The number of the host that runs it or ran it last. */
  host?: number;
  /** The workflow that enqueued it. */
  parent?: string;
  /** The invocation from whose journal it began. */
  forked_from?: string;
  /** The invocation that this one does again. */
  retry_of?: string;
  /** The newest invocation that does this one again. */
  retried_as?: string;
  /** The partition of its queue that the call named. */
  partition?: string;
  /** Not before this moment: as it was enqueued, or while a retry backs off. */
  due_at?: string;
  /** It ends by then. */
  deadline_at?: string;
  /** How often a failed attempt is made again, where the call or its task said so. */
  retries?: Retries;
  /** How many times it was tried again after a failure. */
  retried?: number;
  /** For people and filters. */
  tags?: Record<string, string>;
  /** Whether somebody asked for its end, which has not come yet. */
  cancelling?: boolean;
  /** How far it is, where it says. */
  progress?: Progress;
  /** The arguments by position: when asked for singly, and in lists with `include: "args"`. */
  args?: Json[];
  /** How it ended; null before. */
  outcome: Outcome | null;
}

/** How an invocation ended: of a `result<T, E>` the value is the T; null where there is none. */
export type Outcome = { value: Json; error?: never } | { value?: never; error: Failure };

/** Why an invocation did not succeed. */
export interface Failure {
  /** Of which kind it is. */
  kind: FailureKind;
  /** For people: what happened, and where there is one, the way out. */
  message: string;
  /** Of kind `limit`: which limit, by its name in the configuration. */
  limit?: string;
  /** Of kind `guest`: the E of the function's `result<T, E>`. */
  payload?: Json;
  /** Of kind `trap` and `limit`: the frames of the guest, innermost first. */
  backtrace?: string[];
}

/** Of which kind an error is. */
export type FailureKind =
  | "guest"
  | "arguments"
  | "trap"
  | "limit"
  | "timeout"
  | "host-lost"
  | "nondeterminism"
  | "component"
  | "cancelled";

/** One try at running an invocation. */
export interface Attempt {
  /** Its number, from 1. */
  attempt: number;
  /** The number of the host that ran it. */
  host: number | null;
  /** When it started. */
  started_at: string | null;
  /** When it was over; null while it runs. */
  ended_at: string | null;
  /** Why it ended without an outcome; null for one that runs or brought the outcome. */
  lost: string | null;
  /** Of which kind its failure was, where it failed and was tried again. */
  kind?: FailureKind;
}

/** How far an invocation is, as it says itself. */
export interface Progress {
  /** So much is done. */
  done: number | bigint;
  /** Of so much in all. */
  total: number | bigint;
  /** What it is doing. */
  note: string;
}

/** A piece of an invocation's log. */
export interface LogChunk {
  /** The attempt that wrote it. */
  attempt: number;
  /** What it wrote. */
  text: string;
}

/** What happens to an invocation. */
export type Event =
  /** The invocation, when its state or attempt has changed; the last event is a final state. */
  | { event: "state"; data: Invocation }
  /** How far it is. */
  | { event: "progress"; data: Progress }
  /** What it has written since. */
  | { event: "log"; data: LogChunk }
  /** What it shows under a name, when that has changed. */
  | { event: "published"; data: Published };

/** What holds an invocation back. */
export interface Why {
  /** Where it is in its life. */
  state: State;
  /** Everything that holds it back; none if it runs, has ended, or is the next to start. */
  reasons: Reason[];
}

/** One thing that holds an invocation back. */
export interface Reason {
  /** `paused`, `scheduled`, `backing-off`, `behind-retry`, `ahead`, `slots-taken`, `rate-limited`,
   * `partition-busy`, `partition-rate-limited`, `reserved`, `waiting`, `no-host` or
   * `component-not-ready`. */
  code: string;
  /** For people. */
  message: string;
  /** Until when. */
  until?: string;
  /** When the next one may start. */
  opens_at?: string;
  /** The limit. */
  rate_limit?: RateLimit;
  /** How many slots are taken. */
  taken?: number;
  /** Of how many. */
  limit?: number;
  /** Some of those who have them. */
  holders?: { id: string; state: State; host: number | null }[];
  /** How many are before it; at most 100,000 are counted. */
  ahead?: number;
  /** The invocation whose retry backs off. */
  id?: string;
  /** The number of the host that has it. */
  host?: number;
  /** The numbers of the hosts that cannot run it. */
  hosts?: number[];
}
