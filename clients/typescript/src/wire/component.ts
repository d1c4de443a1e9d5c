/** Components: what `POST /v1/components` and its neighbours take and give. */

import type { Json } from "../json.js";
import type { Retries } from "./queue.js";

/** Whether a function runs once, or enqueues others and goes on where it was after a crash. */
export type Kind = "task" | "workflow";

/** What is said about a component when it is uploaded. */
export interface Upload {
  /** The component's name. */
  name: string;
  /** Its version (semver): where it is absent, the version of its WIT package, or `0.1.0`. */
  version?: string;
  /** To which component an import is bound: `INTERFACE=COMPONENT[@RULE][:QUEUE]`. */
  bind?: string[];
  /** Functions that are workflows, whatever the component says. */
  workflow?: string[];
  /** Functions that are tasks, whatever the component says. */
  task?: string[];
}

/** A version of a component. */
export interface Component {
  /** Its name. */
  name: string;
  /** Its version. */
  version: string;
  /** The sha-256 of its bytes, in lower-case hexadecimal. */
  digest: string;
  /** How many bytes it has. */
  size: number;
  /** When it was uploaded. */
  uploaded_at: string;
  /** The functions that can be called. */
  tasks: Task[];
  /** The exported functions that cannot. */
  skipped: Skipped[];
  /** What stands behind the interfaces of other components that it imports. */
  bindings: Binding[];
}

/** An import, and the component and queue that stand behind it. */
export interface Binding {
  /** The interface as it is imported, with its version. */
  interface: string;
  /** The component that provides it. */
  component: string;
  /** Which of its versions, as in `^1.2`: the highest that there is at the call. */
  version: string;
  /** The queue on which its calls are enqueued. */
  queue: string;
}

/** An exported function that can be called. */
export interface Task {
  /** The function's name. */
  name: string;
  /** The interface that it stands in, such as `demo:images/tasks@0.1.0`; null at world level. */
  interface: string | null;
  /** Whether it is a task or a workflow. */
  kind: Kind;
  /** What it takes, in order. */
  params: Param[];
  /** The type of what it returns, as WIT; null where it returns nothing. */
  result: string | null;
  /** What its author wrote about it. */
  docs?: string;
  /** Parameters and result with every type spelled out. */
  signature: Json;
}

/** A parameter of a task. */
export interface Param {
  /** Its name. */
  name: string;
  /** Its type, as WIT. */
  type: string;
}

/** An exported function that cannot be called. */
export interface Skipped {
  /** The function's name. */
  name: string;
  /** The interface that it stands in; null at world level. */
  interface: string | null;
  /** Why it cannot be called. */
  reason: string;
}

/** What a component may do beyond its sandbox: nothing, by default. A grant holds for every version. */
export interface Grants {
  /** The hosts that it may call by HTTP, such as `api.example.com` or `127.0.0.1:8080`. */
  http?: string[];
  /** The environment variables that it sees. */
  environment?: Record<string, string>;
  /** The queues on which its workflows may enqueue, beside their own; `*` for all. */
  queues?: string[];
  /** The tasks of other components that its workflows may call by name: `images/resize`, `*`. */
  tasks?: string[];
}

/** What holds for calls of a task that do not say otherwise. */
export interface TaskDefaults {
  /** The queue. */
  queue?: string;
  /** Lower goes first. */
  priority?: number;
  /** How long one attempt may take, in milliseconds. */
  timeout_ms?: number;
  /** From enqueue to outcome, in milliseconds. */
  deadline_ms?: number;
  /** How often, and when, a failed attempt is made again. */
  retries?: Retries;
}

/** What is said when workflows in flight are moved to another version of their component. */
export interface UpgradeRequest {
  /** The version to which they are moved; where it is absent, the highest that is no pre-release. */
  version?: string;
  /** Whether it is only told what would be moved. */
  dry_run?: boolean;
}

/** What became of the workflows in flight. */
export interface Upgraded {
  /** These replay exactly with the version, and go on with it. */
  moved: string[];
  /** These differ, and stay with their version. */
  differ: { id: string; step: number; recorded: string; present: string }[];
  /** These were executing, or moved on meanwhile: ask again. */
  busy: string[];
}
