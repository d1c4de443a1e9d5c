/** Schedules: calls that are enqueued by the clock. */

import { believed, type Handle } from "./handle.js";
import type { Json } from "./json.js";
import type { RequestOptions } from "./limits.js";
import { Pages } from "./pages.js";
import type { Transport } from "./transport.js";
import type { Invocation, PageQuery, Schedule, SchedulePlan } from "./wire/index.js";

/**
 * The schedules of a host.
 *
 * @example
 * await client.schedules.put("nightly", { cron: "0 3 * * *", queue: "reports", task: "reports/build" });
 */
export class Schedules {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Makes a schedule, or replaces all that it says. Whether it is paused stays unless it is said. */
  async put(name: string, plan: SchedulePlan, options?: RequestOptions): Promise<Schedule> {
    return this.#transport.json({ method: "PUT", path: path(name), json: plan, place: "plan" }, options);
  }

  /** The schedules, by name. */
  list(query: PageQuery = {}, options?: RequestOptions): Pages<Schedule> {
    return new Pages((page) =>
      this.#transport.json({ path: path(), query: { ...query, page: page ?? query.page } }, options),
    );
  }

  /** A schedule with its next firings. */
  async get(name: string, options?: RequestOptions): Promise<Schedule> {
    return this.#transport.json({ path: path(name) }, options);
  }

  /**
   * Deletes a schedule. What it enqueued stays.
   *
   * @throws {@link Problem} with the code `schedule-unknown` if there is none, which is also what one
   * hears whose first answer was lost
   */
  async delete(name: string, options?: RequestOptions): Promise<void> {
    await this.#transport.text({ method: "DELETE", path: path(name) }, options);
  }

  /** Has a schedule not fire. */
  async pause(name: string, options?: RequestOptions): Promise<Schedule> {
    return this.#transport.json({ method: "POST", path: path(name, "pause") }, options);
  }

  /** Has a schedule fire again from now on. */
  async resume(name: string, options?: RequestOptions): Promise<Schedule> {
    return this.#transport.json({ method: "POST", path: path(name, "resume") }, options);
  }

  /** Enqueues a schedule's call now, and leaves the schedule as it is. */
  async trigger<T = Json>(name: string, options?: RequestOptions): Promise<Handle<T>> {
    // Each is a call of its own.
    const request = { method: "POST", path: path(name, "trigger"), once: true } as const;
    const invocation: Invocation = await this.#transport.json(request, options);
    return believed(this.#transport, invocation.id);
  }
}

function path(...rest: string[]): string[] {
  return ["v1", "schedules", ...rest];
}
