/** Choosing invocations: lists, what is done to all that match, exports. */

import type { PageQuery } from "./host.js";
import type { FailureKind, Invocation, State } from "./invocation.js";

/** Which invocations: those for which all that is said holds. */
export interface Filter {
  /** In this queue. */
  queue?: string;
  /** In this state. */
  state?: State;
  /** With this task, as it was written when it was enqueued. */
  task?: string;
  /** With a task of this component, of any version. */
  component?: string;
  /** With this tag, as `name:value`; of several, with all of them. */
  tag?: string[];
  /** Ended with an error of this kind. */
  kind?: FailureKind;
  /** In this partition. */
  partition?: string;
  /** Enqueued then or later: RFC 3339, or how long ago, such as `15m`. */
  since?: string;
  /** Enqueued earlier: RFC 3339, or how long ago, such as `2h`. */
  until?: string;
  /** Enqueued by this workflow. */
  parent?: string;
  /** Dead letters: failed, and not done again since. */
  dead?: boolean;
}

/** Which invocations, and what is shown of them. */
export interface ListQuery extends Filter, PageQuery {
  /** With the arguments, with how they ended. */
  include?: "args" | "outcome" | "args,outcome";
}

/** What is done to all that match. */
export interface BulkRequest {
  /** Which; one that says nothing is refused without `all`. */
  filter?: Filter;
  /** Whether it is only told how many match. */
  dry_run?: boolean;
  /** Whether all are meant where the filter says nothing. */
  all?: boolean;
  /** Of `cancel`: what the cancelled invocations say of why. */
  reason?: string;
}

/** What was done to all that match. */
export interface Bulk {
  /** How many match. */
  matched: number;
  /** To how many of them it was done: none in a dry run. */
  done: number;
  /** Whether more may match than one request looks at: send it again. */
  more: boolean;
  /** Whether it was a dry run. */
  dry_run: boolean;
  /** The first few that match, as they stood before. */
  items: Invocation[];
  /** The first few to which it could not be done, and why. */
  refused: { id: string; reason: string }[];
}
