/** The client of one host: where everything begins. */

import { Components } from "./components.js";
import { exported } from "./export.js";
import { believed, type Handle } from "./handle.js";
import type { Json } from "./json.js";
import type { RequestOptions } from "./limits.js";
import { Pages } from "./pages.js";
import { Queue, enqueue, enqueueMany, type QueuedCall } from "./queue.js";
import { Schedules } from "./schedules.js";
import { Transport, type ClientOptions } from "./transport.js";
import { waitAll, waitAny } from "./waits.js";
import type {
  Bulk,
  BulkRequest,
  Filter,
  Host,
  Info,
  Invocation,
  ListQuery,
  Page,
  PageQuery,
  QueueInfo,
} from "./wire/index.js";

/** Where a host listens unless it is told otherwise. */
export const DEFAULT_SERVER = "http://127.0.0.1:7070";

/** How long the answer of something that is done to many may take beyond the usual. */
const BULK_MS = 600_000;

/**
 * A client of one host. It holds no connection open and need not be closed.
 *
 * @example
 * const client = Client.fromEnv();
 * const handle = await client.queue("mail").enqueue<string>("hello/greet", ["Ada"]);
 * console.log(await handle.getResult()); // Hello, Ada!
 */
export class Client {
  /** Uploading components, looking at them, granting them something. */
  readonly components: Components;
  /** Calls that are enqueued by the clock. */
  readonly schedules: Schedules;
  readonly #transport: Transport;

  /**
   * A client of the host at this address, such as `http://127.0.0.1:7070`.
   *
   * @throws {@link AddressError} if it is no address of a host
   */
  constructor(server: string, options: ClientOptions = {}) {
    this.#transport = new Transport(server, options);
    this.components = new Components(this.#transport);
    this.schedules = new Schedules(this.#transport);
  }

  /** A client of the host that `WINDLASS_SERVER` names, or of the one at {@link DEFAULT_SERVER}, with
   * the token in `WINDLASS_TOKEN` if there is one. For Node: a browser has no environment. */
  static fromEnv(options: ClientOptions = {}): Client {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
    const { WINDLASS_SERVER: server = DEFAULT_SERVER, WINDLASS_TOKEN: token } = process?.env ?? {};
    return new Client(server, { token, ...options });
  }

  /** The host's address. */
  get server(): string {
    return this.#transport.server;
  }

  /** What answers, and with what it stores. */
  async info(options?: RequestOptions): Promise<Info> {
    return this.#transport.json({ path: ["v1"] }, options);
  }

  /** Whether the host lives: it throws if not. */
  async health(options?: RequestOptions): Promise<void> {
    await this.#transport.text({ path: ["healthz"] }, options);
  }

  /** The live hosts. */
  async hosts(options?: RequestOptions): Promise<Host[]> {
    const page: Page<Host> = await this.#transport.json({ path: ["v1", "hosts"] }, options);
    return page.items;
  }

  /** The queue with this name, which need not exist yet. */
  queue(name: string): Queue {
    return new Queue(this.#transport, name);
  }

  /** The queues, by name. */
  queues(query: PageQuery = {}, options?: RequestOptions): Pages<QueueInfo> {
    return this.#pages(["v1", "queues"], query, options);
  }

  /** Enqueues a call on the queue that it names, or else on that of its task's manifest. */
  async enqueue<T = Json>(call: QueuedCall, options?: RequestOptions): Promise<Handle<T>> {
    return enqueue(this.#transport, call, options);
  }

  /** Enqueues calls of whatever queues, all or none, in one request. */
  async enqueueMany<T = Json>(calls: readonly QueuedCall[], options?: RequestOptions): Promise<Handle<T>[]> {
    return enqueueMany(this.#transport, calls, options);
  }

  /** The handle of the invocation with this id. That its result is a `T` is believed. */
  handle<T = Json>(id: string): Handle<T> {
    return believed(this.#transport, id);
  }

  /**
   * Waits until at least one of these has ended, and gives those that have, in their order. Their
   * `getResult` then answers at once. Of none, none have ended.
   *
   * @example
   * const [first] = await client.waitAny(handles, { timeoutMs: 60_000 });
   */
  async waitAny<H extends Handle<unknown>>(handles: readonly H[], options: RequestOptions = {}): Promise<H[]> {
    return waitAny(this.#transport, handles, options);
  }

  /**
   * Waits until all of these have ended, however they did, and gives them in their order. Their
   * `getResult` then answers at once.
   *
   * @example
   * await client.waitAll(handles);
   * const results = await Promise.allSettled(handles.map((handle) => handle.getResult()));
   */
  async waitAll<H extends Handle<unknown>>(handles: readonly H[], options: RequestOptions = {}): Promise<H[]> {
    return waitAll(this.#transport, handles, options);
  }

  /**
   * The invocations that match, the newest first.
   *
   * @example
   * for await (const { id, queue } of client.invocations({ dead: true, since: "1h" })) console.log(id, queue);
   */
  invocations(query: ListQuery = {}, options?: RequestOptions): Pages<Invocation> {
    return this.#pages(["v1", "invocations"], query, options);
  }

  /** Every invocation that matches, whole, the newest first, in one request: as it comes. It breaks
   * off with an error where the connection does. */
  export(filter: Filter = {}, options: { signal?: AbortSignal } = {}): AsyncGenerator<Invocation, void, undefined> {
    return exported(this.#transport, filter, options.signal ?? new AbortController().signal);
  }

  /** Cancels all that match, or tells how many do. */
  async cancelAll(request: BulkRequest, options?: RequestOptions): Promise<Bulk> {
    return this.#bulk("cancel", request, options);
  }

  /** Retries all dead letters that match, or tells how many do. */
  async retryAll(request: BulkRequest, options?: RequestOptions): Promise<Bulk> {
    return this.#bulk("retry", request, options);
  }

  /** Resumes all that match, were cancelled and not done again since, or tells how many do. */
  async resumeAll(request: BulkRequest, options?: RequestOptions): Promise<Bulk> {
    return this.#bulk("resume", request, options);
  }

  async #bulk(verb: string, json: BulkRequest, options?: RequestOptions): Promise<Bulk> {
    // What it was done to does not match any more, so that it may arrive twice.
    const path = ["v1", "invocations", verb];
    return this.#transport.json({ method: "POST", path, json, waitingMs: BULK_MS }, options);
  }

  #pages<T>(path: string[], query: PageQuery, options?: RequestOptions): Pages<T> {
    return new Pages((page) => this.#transport.json({ path, query: { ...query, page: page ?? query.page } }, options));
  }
}
