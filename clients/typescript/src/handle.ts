/** Handles: whoever holds an id can ask for the result, from any process, as often as wanted. */

import { Timeout, failed } from "./errors.js";
import { isFinal, watch, type EventsOptions, type Watched } from "./events.js";
import type { Json } from "./json.js";
import { within, type RequestOptions } from "./limits.js";
import { Pages } from "./pages.js";
import type { Transport } from "./transport.js";
import type {
  Attempt,
  ForkRequest,
  Invocation,
  LogChunk,
  Outcome,
  Page,
  PageQuery,
  Published,
  Replayed,
  Step,
  Why,
} from "./wire/index.js";

/** How long one request waits. Longer would only meet the patience of proxies in between. */
export const POLL_MS = 30_000;

/** How much longer than usual an answer may take for which workflows are executed again. */
const REPLAYING_MS = 600_000;

/**
 * An invocation by its id.
 *
 * @example
 * const handle = await client.queue("mail").enqueue<string>("hello/greet", ["Ada"]);
 * console.log(handle.id, await handle.getResult({ timeoutMs: 60_000 }));
 */
export class Handle<T = Json> {
  readonly #transport: Transport;
  readonly #decode: (value: Json) => T;
  /** The outcome once it is known: it never changes. */
  #ended: { task: string; outcome: Outcome } | undefined;

  /** @internal */
  constructor(
    transport: Transport,
    /** The id, under which any other process can ask as well. */
    readonly id: string,
    decode: (value: Json) => T,
  ) {
    this.#transport = transport;
    this.#decode = decode;
  }

  /**
   * The same invocation, whose result is read by this function. It throws a {@link ValueError} if a
   * value is not what it expects. Without one, the type that a handle was given is believed.
   */
  as<U>(decode: (value: Json) => U): Handle<U> {
    const handle = new Handle(this.#transport, this.id, decode);
    handle.#ended = this.#ended;
    return handle;
  }

  /**
   * The value, when there is one; however long that takes, if nothing is said.
   *
   * @throws {@link TaskFailed} if the invocation ended without a value, {@link Timeout} if it has
   * not ended in the time given
   */
  async getResult(options?: RequestOptions): Promise<T> {
    const { task, outcome } = this.#ended ?? this.#end(await this.wait(options));
    if (outcome.error !== undefined) {
      throw failed(this.id, task, outcome.error);
    }
    return this.#decode(outcome.value);
  }

  /** The invocation when it has ended; however long that takes, if nothing is said. */
  async wait(options: RequestOptions = {}): Promise<Invocation> {
    const giveUp = performance.now() + (options.timeoutMs ?? Infinity);
    const late = (ms: number): Timeout => new Timeout(`the end of ${this.id}`, ms);
    return within(options, late, async (signal) => {
      for (;;) {
        const left = Math.max(1, Math.min(POLL_MS, Math.ceil(giveUp - performance.now())));
        const invocation = await this.#get(left, { signal });
        if (isFinal(invocation.state)) {
          return invocation;
        }
      }
    });
  }

  /** The invocation as it is now. */
  async status(options?: RequestOptions): Promise<Invocation> {
    return this.#get(0, options);
  }

  /** Asks for its end and for that of what it enqueued, and gives it as it stands. */
  async cancel(reason?: string, options?: RequestOptions): Promise<Invocation> {
    return this.#transport.json({ method: "POST", path: this.#path("cancel"), json: { reason } }, options);
  }

  /** A new invocation of the same call, if this one failed; of a workflow one that begins before its
   * first failed step. */
  async retry(options?: RequestOptions): Promise<Handle<T>> {
    return this.#again("retry", undefined, options);
  }

  /** A new invocation of the same call, if this one was cancelled; of a workflow one that begins with
   * the steps that were done. */
  async resume(options?: RequestOptions): Promise<Handle<T>> {
    return this.#again("resume", undefined, options);
  }

  /** A new invocation that begins with the steps of this workflow. */
  async fork(request: ForkRequest = {}, options?: RequestOptions): Promise<Handle<T>> {
    return this.#again("fork", request, options);
  }

  /**
   * What happens to it, from now to its end; goes on by itself where a connection breaks.
   *
   * @example
   * for await (const event of handle.events()) {
   *   if (event.event === "progress") console.log(`${event.data.done} of ${event.data.total}`);
   * }
   */
  events(options: EventsOptions = {}): AsyncGenerator<Watched, void, undefined> {
    return watch(this.#transport, this.id, options);
  }

  /** What it wrote, in the order in which it was written. */
  async logs(options?: RequestOptions): Promise<LogChunk[]> {
    return this.#items("logs", options);
  }

  /** Every try at running it, oldest first. */
  async attempts(options?: RequestOptions): Promise<Attempt[]> {
    return this.#items("attempts", options);
  }

  /** What holds it back, if it does not run. */
  async why(options?: RequestOptions): Promise<Why> {
    return this.#transport.json({ path: this.#path("why") }, options);
  }

  /** Sends it a message, which it takes under this name if it is a workflow. A message whose
   * connection broke is not sent again by itself, since it may have arrived. */
  async message(name: string, value: unknown, options?: RequestOptions): Promise<void> {
    const path = this.#path("messages", name);
    // What is undefined would not be sent at all.
    await this.#transport.text({ method: "POST", path, json: value ?? null, place: "value", once: true }, options);
  }

  /** Everything that it shows to the outside, by name, if it is a workflow. */
  async published(options?: RequestOptions): Promise<Published[]> {
    return this.#items("published", options);
  }

  /**
   * What it shows under a name: when that is later than the revision `after`, or after `waitMs` at
   * the latest.
   *
   * @throws {@link Problem} with the code `not-published` if there is nothing then
   */
  async publishedAs(
    name: string,
    query: { after?: number; waitMs?: number } = {},
    options?: RequestOptions,
  ): Promise<Published> {
    const { after, waitMs } = query;
    const wait = waitMs === undefined ? undefined : `${waitMs}ms`;
    const path = this.#path("published", name);
    return this.#transport.json({ path, query: { after, wait }, waitingMs: waitMs }, options);
  }

  /** The steps of a workflow, in order. */
  steps(query: PageQuery = {}, options?: RequestOptions): Pages<Step> {
    const path = this.#path("steps");
    return new Pages((page) => this.#transport.json({ path, query: { ...query, page: page ?? query.page } }, options));
  }

  /** Executes a workflow against its journal, changing nothing; with these bytes in place of its
   * component if there are any. */
  async replay(component?: Uint8Array, options?: RequestOptions): Promise<Replayed> {
    const path = this.#path("replay");
    return this.#transport.json({ method: "POST", path, wasm: component, waitingMs: REPLAYING_MS }, options);
  }

  /** @internal Learns from an answer that it has ended. */
  learn(invocation: Invocation): void {
    this.#end(invocation);
  }

  /** @internal Whether its end is known already. */
  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  #end(invocation: Invocation): { task: string; outcome: Outcome } {
    const { task, state, outcome } = invocation;
    const message = `it is ${state} without an outcome`;
    this.#ended = { task, outcome: outcome ?? { error: { kind: "cancelled", message } } };
    return this.#ended;
  }

  async #get(waitMs: number, options?: RequestOptions): Promise<Invocation> {
    const wait = waitMs > 0 ? `${waitMs}ms` : undefined;
    return this.#transport.json({ path: this.#path(), query: { wait }, waitingMs: waitMs }, options);
  }

  async #items<I>(what: string, options?: RequestOptions): Promise<I[]> {
    const page: Page<I> = await this.#transport.json({ path: this.#path(what) }, options);
    return page.items;
  }

  async #again(verb: string, json: ForkRequest | undefined, options?: RequestOptions): Promise<Handle<T>> {
    const request = { method: "POST", path: this.#path(verb), json, once: true } as const;
    const made: Invocation = await this.#transport.json(request, options);
    return new Handle(this.#transport, made.id, this.#decode);
  }

  #path(...rest: string[]): string[] {
    return ["v1", "invocations", this.id, ...rest];
  }
}

/** A handle whose result has the type that its caller says. */
export function believed<T>(transport: Transport, id: string): Handle<T> {
  return new Handle(transport, id, (value) => value as T);
}
