/** Workflows: what goes to and from them, their steps, their past. */

import type { Json } from "../json.js";

/** A value that a workflow shows to the outside under a name. */
export interface Published {
  /** The name. */
  name: string;
  /** The value. */
  value: Json;
  /** Grows with everything that the invocation publishes, under whatever name. */
  revision: number;
  /** When. */
  published_at: string;
}

/** Where a workflow is forked. */
export interface ForkRequest {
  /** The number of the first step that is done anew; where it is absent, all are kept. */
  step?: number;
  /** The version of the component that goes on; where it is absent, the same. */
  version?: string;
}

/** A step of a workflow. */
export interface Step {
  /** Its number, from 1. */
  number: number;
  /** `enqueue`, `enqueue-many`, `call`, `sleep`, `receive`, `wait-any` … */
  kind: string;
  /** What was asked. */
  request: Json;
  /** What was answered; null while it is not. */
  result: Json;
  /** The invocations that it enqueued. */
  children: string[];
  /** When it was asked. */
  asked_at: string;
  /** When it was answered. */
  answered_at: string | null;
}

/** Where an execution and a journal part. */
export interface Difference {
  /** The number of the step. */
  step: number;
  /** What the journal has. */
  recorded: string;
  /** What the execution does there. */
  present: string;
}

/** What came of executing a workflow against its journal. */
export interface Replayed {
  /** Whether it replays exactly. */
  exact: boolean;
  /** How many steps were the same. */
  steps: number;
  /** Where it differs; null if it replays exactly. */
  difference: Difference | null;
}
