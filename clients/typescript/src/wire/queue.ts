/** Queues: what `PUT` and `GET /v1/queues` take and give; and what queues and calls both say. */

/** A queue's settings, all changeable while it runs. Null means no such limit. */
export interface QueueSettings {
  /** At most so many invocations at once over all hosts. */
  concurrency: number | null;
  /** At most so many invocations at once on one host. */
  worker_concurrency: number | null;
  /** At most so many starts in a period, over all hosts. */
  rate_limit: RateLimit | null;
  /** Limits of each partition; the limits above then hold for all partitions together. */
  partitions: Partitions | null;
  /** Whether retries keep their place and hold what follows, and starts happen in order. Null
   * follows `concurrency`: true where that, or that of a partition, is 1. */
  ordered: boolean | null;
  /** Whether nothing starts. */
  paused: boolean;
  /** How long one attempt may take, in milliseconds, where the call does not say. */
  timeout_ms: number | null;
  /** How often a failed attempt is made again, where the call does not say. */
  retries: Retries | null;
  /** For how long what has ended is kept. */
  retention: Retention | null;
}

/** A change of a queue. What is absent stays as it is, null takes a limit away. */
export type QueueChange = Partial<QueueSettings>;

/** A queue, its settings as they were put, and its counts. */
export interface QueueInfo extends QueueSettings {
  /** Its name. */
  name: string;
  /** How many of its invocations are in each state. */
  counts: Counts;
  /** When it was made. */
  created_at: string;
}

/** How many invocations of a queue are in each state. */
export interface Counts {
  /** Not yet due. */
  scheduled: number;
  /** In their place. */
  queued: number;
  /** Executing. */
  running: number;
  /** Workflows that wait. */
  waiting: number;
  /** Ended with a value. */
  succeeded: number;
  /** Ended with an error. */
  failed: number;
  /** Cancelled. */
  cancelled: number;
  /** How long ago the oldest of those in their place was stored, in milliseconds. */
  oldest_queued_ms: number | null;
}

/** At most so many starts in any period of this length, over all hosts. */
export interface RateLimit {
  /** How many. */
  limit: number;
  /** The length of the period, in milliseconds. */
  period_ms: number;
}

/** Limits of each partition of a queue. */
export interface Partitions {
  /** At most so many invocations of one partition at once over all hosts. */
  concurrency?: number | null;
  /** At most so many starts of one partition in a period. */
  rate_limit?: RateLimit | null;
}

/** For how long invocations that have ended are kept, by how they ended. */
export interface Retention {
  /** Those that ended with a value. */
  succeeded?: Keep | null;
  /** Those that failed. */
  failed?: Keep | null;
  /** Those that were cancelled. */
  cancelled?: Keep | null;
}

/** What is kept: whatever is older, or beyond the count, is deleted. */
export interface Keep {
  /** Counted from the end, in milliseconds. */
  age_ms?: number | null;
  /** The newest so many. */
  count?: number | null;
}

/** How often a failed attempt is made again, and when; what is absent has its default. */
export interface Retries {
  /** At most so many attempts after the first; 0 by default. */
  max?: number;
  /** The wait before the first retry, in milliseconds; 1000 by default. */
  backoff_ms?: number;
  /** By how much each wait is longer than the one before; 2 by default. */
  factor?: number;
  /** The longest wait, in milliseconds; an hour by default. */
  max_backoff_ms?: number;
  /** How much of a wait is left to chance, from 0 to 1; 0.1 by default. */
  jitter?: number;
  /** Which failures are tried again: kinds, or `guest:CASE` for a guest's error of one case;
   * `guest`, `trap`, `limit` and `timeout` by default. */
  on?: string[];
}

/** Of one key in a queue there is one invocation that has not ended, or within a period. */
export interface Dedup {
  /** The key. */
  key: string;
  /** What becomes of a second call: it is refused, it is answered with the invocation that has the
   * key (the default), or its call replaces that one's if it has not started. */
  on_conflict?: "reject" | "return" | "replace";
  /** For how long after its enqueue an invocation keeps the key, even if it has ended, in
   * milliseconds. */
  period_ms?: number;
}

/** Calls of one key wait until none has come for a while; the last one wins. */
export interface Debounce {
  /** The key. */
  key: string;
  /** How long to wait after the last call, in milliseconds. */
  period_ms: number;
  /** How long after the first call it starts in any case, in milliseconds. */
  deadline_ms?: number;
}
