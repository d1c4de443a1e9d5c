/** Schedules: what `PUT` and `GET /v1/schedules` take and give. */

import type { Json } from "../json.js";
import type { Args, CallOptions } from "./invocation.js";

/** A schedule to be made or changed. It replaces all of it. */
export interface SchedulePlan {
  /** When it fires: five fields (minute, hour, day of month, month, day of week), or six with
   * seconds first, or `@hourly` and the like. */
  cron: string;
  /** In which time zone, by its IANA name; UTC by default. */
  timezone?: string;
  /** The queue; what the task's manifest says by default. */
  queue?: string;
  /** The task, resolved anew at each firing. */
  task: string;
  /** The arguments: an array by position or an object by name. */
  args?: Args;
  /** What else is said about its calls. */
  options?: Omit<CallOptions, "id">;
  /** What becomes of times at which no host looked for over a minute: left out, or enqueued late. */
  missed?: "skip" | "backfill";
  /** What becomes of a firing while the invocation of the one before has not ended. */
  overlap?: "queue" | "skip" | "replace";
  /** Whether it does not fire; as before by default. */
  paused?: boolean;
}

/** A schedule as it stands. */
export interface Schedule {
  /** Its name. */
  name: string;
  /** When it fires. */
  cron: string;
  /** In which time zone. */
  timezone: string;
  /** The queue. */
  queue: string;
  /** The task. */
  task: string;
  /** The arguments as they were given. */
  args: Json;
  /** What else is said about its calls. */
  options: Json;
  /** What becomes of times at which no host looked. */
  missed: "skip" | "backfill";
  /** What becomes of a firing while the invocation of the one before has not ended. */
  overlap: "queue" | "skip" | "replace";
  /** Whether it does not fire. */
  paused: boolean;
  /** The next five times at which it fires; none while it is paused. */
  next: string[];
  /** The last time that came due. */
  last_at?: string;
  /** What was enqueued then. */
  last_id?: string;
  /** Why nothing was. */
  last_error?: string;
  /** When it was made. */
  created_at: string;
}
