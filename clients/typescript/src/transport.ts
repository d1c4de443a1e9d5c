/**
 * Where the host is, and how a request gets there.
 *
 * Nearly every request of this client can be repeated without harm: what it enqueues has an id,
 * made here if the caller chose none. So a request whose connection fails is sent again while the
 * client's patience lasts, and a host that restarts in between is not noticed. The few that would do
 * their work twice (a message, a fork) are sent again only if they surely never arrived.
 */

import { AddressError, ArgumentsError, Problem, ProtocolError, Timeout, Unreachable } from "./errors.js";
import { parse, print } from "./json.js";
import { pause, within, type RequestOptions } from "./limits.js";
import type { ProblemDocument } from "./wire/index.js";

/** How long an answer may take, waiting that was asked for not counted. Uploads compile: a large
 * component takes half a minute. */
const ANSWER_TIMEOUT_MS = 180_000;

/** The pauses between repetitions: short at first, since a host restarts in a second. */
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 1_000;

/** What the system says of a connection that was never made. */
const NEVER_MADE = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** How a client may be made. */
export interface ClientOptions {
  /** The token to show, where the host wants one. */
  token?: string;
  /** For how long requests are repeated while the host cannot be reached: ten seconds by default,
   * 0 reports at once. */
  patienceMs?: number;
  /** What is called in place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/** A query's names and values: lists as often as they have items, nothing for what is undefined. */
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

/** A request, of which everything that is absent is the usual. */
export interface Outgoing {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** The segments of the path, not yet encoded. */
  path: readonly string[];
  query?: Query;
  /** What becomes the JSON of the body. */
  json?: unknown;
  /** What the JSON is called in errors. */
  place?: string;
  /** A component, in place of `json`. */
  wasm?: Uint8Array;
  /** How long the host was asked to wait. */
  waitingMs?: number;
  /** Whether it would do its work twice if it came twice. */
  once?: boolean;
}

/** The way to one host. */
export class Transport {
  /** The host's address, without a slash at its end. */
  readonly server: string;
  /** For how long requests are repeated. */
  readonly patienceMs: number;
  readonly #fetch: typeof globalThis.fetch;
  readonly #headers: Record<string, string>;

  constructor(server: string, options: ClientOptions) {
    this.server = address(server);
    this.patienceMs = options.patienceMs ?? 10_000;
    // The global one must be called as a function of nothing.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#headers = options.token === undefined ? {} : { authorization: `Bearer ${checked(options.token)}` };
  }

  /** Sends a request and gives the JSON of the answer, which is taken to be an `A`. */
  async json<A>(request: Outgoing, options?: RequestOptions): Promise<A> {
    const text = await this.text(request, options);
    try {
      return parse(text) as A;
    } catch (error) {
      throw new ProtocolError(this.#url(request), String(error));
    }
  }

  /** Sends a request and gives the text of the answer. */
  async text(request: Outgoing, options: RequestOptions = {}): Promise<string> {
    const url = this.#url(request);
    const init = this.#init(request);
    const late = (ms: number): Timeout => new Timeout(`the answer of ${url}`, ms);
    return within(options, late, async (signal) => {
      const giveUp = performance.now() + this.patienceMs;
      let wait = PAUSE_MIN_MS;
      for (;;) {
        try {
          return await this.#attempt(url, init, request.waitingMs ?? 0, signal);
        } catch (error) {
          const mayRepeat = error instanceof Unreachable && (request.once !== true || wasNeverMade(error.cause));
          if (!mayRepeat || performance.now() + wait >= giveUp) {
            throw error;
          }
        }
        await pause(wait, signal);
        wait = Math.min(wait * 2, PAUSE_MAX_MS);
      }
    });
  }

  /** Opens a stream: no limit of time but the signal, one try. */
  async open(request: Outgoing, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const url = this.#url(request);
    const init = this.#init(request);
    const response = await this.#call(url, { ...init, headers: { ...init.headers, ...headers }, signal });
    return response.ok ? response : refuse(url, response.status, await this.#body(response));
  }

  async #attempt(url: string, init: RequestInit, waitingMs: number, signal: AbortSignal): Promise<string> {
    const late = (): Unreachable => new Unreachable(this.server, "no answer in time");
    return within({ signal, timeoutMs: ANSWER_TIMEOUT_MS + waitingMs }, late, async (signal) => {
      const response = await this.#call(url, { ...init, signal });
      const text = await this.#body(response);
      return response.ok ? text : refuse(url, response.status, text);
    });
  }

  async #call(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(url, init);
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  async #body(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  /** The next piece of an opened stream; a stream without a body has none. */
  async read(
    reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
  ): Promise<{ done: boolean; value?: Uint8Array }> {
    try {
      return (await reader?.read()) ?? { done: true };
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  /** What a failure of the network is called here. */
  #unreachable(error: unknown): Unreachable {
    return new Unreachable(this.server, rootCause(error), error);
  }

  #url({ path, query }: Outgoing): string {
    const url = new URL(this.server + path.map(segment).join(""));
    for (const [name, value] of Object.entries(query ?? {})) {
      for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) {
        if (one !== undefined) {
          url.searchParams.append(name, String(one));
        }
      }
    }
    return url.href;
  }

  #init(request: Outgoing): { method: string; headers: Record<string, string>; body?: BodyInit } {
    const { method = "GET", json, wasm, place = "body" } = request;
    const headers = { ...this.#headers };
    if (wasm !== undefined) {
      headers["content-type"] = "application/wasm";
      return { method, headers, body: wasm as Uint8Array<ArrayBuffer> };
    }
    if (json !== undefined) {
      headers["content-type"] = "application/json";
      return { method, headers, body: print(json, place) };
    }
    return { method, headers };
  }
}

function address(server: string): string {
  let url: URL;
  try {
    url = new URL(server);
  } catch {
    throw new AddressError(server, "it cannot be read");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new AddressError(server, `${url.protocol} is not spoken, only http and https`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new AddressError(server, "it holds a user: give the client a token instead");
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

function checked(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new ArgumentsError("token", "it is empty or holds what no header can: look for a space or a line end");
  }
  return token;
}

/** A segment of a path with its slash. Some names would make another path of it. */
function segment(name: string): string {
  if (name === "" || name === "." || name === "..") {
    throw new ArgumentsError("name", `${JSON.stringify(name)} names nothing`);
  }
  return `/${encodeURIComponent(name)}`;
}

function refuse(url: string, status: number, text: string): never {
  let body: unknown;
  try {
    body = parse(text);
  } catch {
    body = null;
  }
  if (isProblem(body)) {
    throw new Problem(body);
  }
  throw new ProtocolError(url, `status ${status} without a problem: ${JSON.stringify(text.trim().slice(0, 120))}`);
}

function isProblem(body: unknown): body is ProblemDocument {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body && "status" in body;
}

/** The error and what lies behind it. */
function* causes(error: unknown): Generator<Error> {
  for (let one = error; one instanceof Error; one = one.cause) {
    yield one;
    if (one instanceof AggregateError) {
      yield* one.errors.filter((each): each is Error => each instanceof Error);
    }
  }
}

function wasNeverMade(error: unknown): boolean {
  return [...causes(error)].some((one) => "code" in one && NEVER_MADE.has(String(one.code)));
}

/** The innermost reason, where the outer ones only say that something failed. */
function rootCause(error: unknown): string {
  const reasons = [...causes(error)].map((one) => one.message || ("code" in one ? String(one.code) : ""));
  return reasons.filter((reason) => reason !== "").at(-1) ?? String(error);
}
