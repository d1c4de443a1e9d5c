/** What generated stubs are made of: tasks that know their types, and their component on a host. */

import type { Client } from "./client.js";
import type { Codec } from "./codec.js";
import { ArgumentsError, TaskFailed, ValueError, type WindlassError } from "./errors.js";
import type { Handle } from "./handle.js";
import type { Json } from "./json.js";
import type { RequestOptions } from "./limits.js";
import { Misfit, inside } from "./misfit.js";
import type { QueuedCall } from "./queue.js";
import type { CallOptions } from "./wire/index.js";

/** What a typed call may say: its options, and its queue if it is not that of the stubs. */
export interface StubOptions extends CallOptions {
  /** The queue. */
  queue?: string;
}

/** The parameters of a task: the name and type of each. */
export type Params<A extends unknown[]> = { [I in keyof A]: readonly [name: string, codec: Codec<A[I]>] };

/** A task with its types. */
export class TypedTask<A extends unknown[], T, E = never> {
  readonly #params: readonly (readonly [string, Codec<unknown>])[];
  readonly #ok: Codec<T>;
  readonly #err: Codec<E> | undefined;

  /** A task that the host knows under this name, what it takes, what it gives, with what it fails. */
  constructor(
    readonly name: string,
    params: Params<A>,
    ok: Codec<T>,
    err?: Codec<E>,
  ) {
    this.#params = params;
    this.#ok = ok;
    this.#err = err;
  }

  /**
   * A call of it, for `enqueueMany`.
   *
   * @throws {@link ArgumentsError} if an argument is not of its type
   */
  call(args: A, options: StubOptions = {}): QueuedCall {
    const encoded = this.#params.map(([name, codec], index) =>
      fitted(name, (place, reason) => new ArgumentsError(place, reason), () => codec.encode(args[index])),
    );
    return { ...options, task: this.name, args: encoded };
  }

  /**
   * Reads its result: `client.handle(id).as(task.result)` is a typed handle.
   *
   * @throws {@link ValueError} if it is not of its type
   */
  readonly result = (json: Json): T =>
    fitted("result", (place, reason) => new ValueError(place, reason), () => this.#ok.decode(json));

  /**
   * The E of its `result<T, E>`, if it failed with one; undefined of every other error.
   *
   * @throws {@link ValueError} if it is not of its type
   */
  readonly payload = (error: unknown): E | undefined => {
    const codec = this.#err;
    if (codec === undefined || !(error instanceof TaskFailed) || error.kind !== "guest") {
      return undefined;
    }
    const json = error.payload ?? null;
    return fitted("payload", (place, reason) => new ValueError(place, reason), () => codec.decode(json));
  };
}

/** A component on a host: what the class of its tasks is made of. */
export class Stubs {
  readonly #client: Client;
  readonly #queue: string | undefined;

  /** The component on this client's host. Its calls go to this queue where they name none, or else to
   * that of the task's manifest. */
  constructor(client: Client, queue?: string) {
    this.#client = client;
    this.#queue = queue;
  }

  /** Enqueues a call of a task. No task can have this method's name. */
  protected async _enqueue<A extends unknown[], T, E>(
    task: TypedTask<A, T, E>,
    args: A,
    options: StubOptions | undefined,
    request: RequestOptions | undefined,
  ): Promise<Handle<T>> {
    const call = task.call(args, options);
    const handle = await this.#client.enqueue({ ...call, queue: call.queue ?? this.#queue }, request);
    return handle.as(task.result);
  }
}

/** Does some coding, and says in the caller's words where a value does not fit. */
function fitted<R>(name: string, refuse: (place: string, reason: string) => WindlassError, code: () => R): R {
  try {
    return inside(name, code);
  } catch (error) {
    throw error instanceof Misfit ? refuse(error.place, error.message) : error;
  }
}
