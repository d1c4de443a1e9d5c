/** Queues: their settings and counts, and enqueueing to one. */

import { believed, type Handle } from "./handle.js";
import { newId } from "./ids.js";
import type { Json } from "./json.js";
import type { RequestOptions } from "./limits.js";
import type { Transport } from "./transport.js";
import type { Args, Call, CallOptions, Invocation, QueueChange, QueueInfo, QueueSettings } from "./wire/index.js";

/** Every setting of a queue that says nothing. */
const UNLIMITED: QueueSettings = {
  concurrency: null,
  worker_concurrency: null,
  rate_limit: null,
  partitions: null,
  ordered: null,
  paused: false,
  timeout_ms: null,
  retries: null,
  retention: null,
};

/**
 * A queue by its name, which need not exist yet.
 *
 * @example
 * const mail = client.queue("mail");
 * await mail.change({ concurrency: 10 });
 * const handle = await mail.enqueue<string>("hello/greet", ["Ada"], { timeout_ms: 5_000 });
 * console.log(await handle.getResult());
 */
export class Queue {
  readonly #transport: Transport;

  /** @internal */
  constructor(
    transport: Transport,
    /** Its name. */
    readonly name: string,
  ) {
    this.#transport = transport;
  }

  /**
   * Enqueues a call. When it resolves, the call is on the host's disk.
   *
   * The arguments are given by position or by name. A `bigint` is sent as a number, a `Uint8Array`
   * as bytes, and what has no JSON is refused. That the result is a `T` is believed.
   *
   * @throws {@link Problem} with the code `arguments` and every mistake if they do not fit the task
   */
  async enqueue<T = Json>(
    task: string,
    args: Args = [],
    call: CallOptions = {},
    options?: RequestOptions,
  ): Promise<Handle<T>> {
    return enqueue(this.#transport, { ...call, queue: this.name, task, args }, options);
  }

  /**
   * Enqueues many calls, all or none, in one request. The handles are in the order of the calls.
   *
   * @example
   * const handles = await queue.enqueueMany<string>(names.map((name) => ({ task: "hello/greet", args: [name] })));
   */
  async enqueueMany<T = Json>(calls: readonly Call[], options?: RequestOptions): Promise<Handle<T>[]> {
    return enqueueMany(
      this.#transport,
      calls.map((call) => ({ ...call, queue: this.name })),
      options,
    );
  }

  /** Its settings and counts. */
  async get(options?: RequestOptions): Promise<QueueInfo> {
    return this.#transport.json({ path: this.#path() }, options);
  }

  /** Makes the queue, or replaces all its settings: what is absent has no limit. */
  async put(settings: Partial<QueueSettings>, options?: RequestOptions): Promise<QueueInfo> {
    return this.change({ ...UNLIMITED, ...settings }, options);
  }

  /** Makes the queue, or changes what the change names and leaves the rest. */
  async change(change: QueueChange, options?: RequestOptions): Promise<QueueInfo> {
    return this.#transport.json({ method: "PUT", path: this.#path(), json: change }, options);
  }

  #path(): string[] {
    return ["v1", "queues", this.name];
  }
}

/** A call, and the queue that it is for: where none is said, the one that its task's manifest names. */
export type QueuedCall = Call & { queue?: string };

/** Enqueues a call. */
export async function enqueue<T>(transport: Transport, call: QueuedCall, options?: RequestOptions): Promise<Handle<T>> {
  const request = { method: "POST", path: ["v1", "invocations"], json: identified(call), place: "call" } as const;
  const invocation: Invocation = await transport.json(request, options);
  return believed(transport, invocation.id);
}

/** Enqueues calls, all or none. */
export async function enqueueMany<T>(
  transport: Transport,
  calls: readonly QueuedCall[],
  options?: RequestOptions,
): Promise<Handle<T>[]> {
  const json = calls.map(identified);
  const request = { method: "POST", path: ["v1", "invocations"], json, place: "calls" } as const;
  const invocations: Invocation[] = await transport.json(request, options);
  return invocations.map((invocation) => believed(transport, invocation.id));
}

/** The call with an id, so that it may be sent twice. */
function identified(call: QueuedCall): QueuedCall {
  // What takes another one's place keeps that one's id, and may arrive twice as it is.
  if (call.debounce !== undefined || call.dedup?.on_conflict === "replace") {
    return call;
  }
  return { ...call, id: call.id ?? newId() };
}
