/**
 * Enqueue calls to a Windlass host and fetch their results by handle.
 *
 * What goes over the wire is spelled as the API spells it (`timeout_ms`, `on_conflict`); what is
 * this library's own is spelled as JavaScript does (`getResult`, `timeoutMs`).
 *
 * @example
 * import { Client } from "@windlass/client";
 *
 * const client = Client.fromEnv();
 * const handle = await client.queue("mail").enqueue<string>("hello/greet", ["Ada"]);
 * console.log(await handle.getResult()); // Hello, Ada!
 *
 * @packageDocumentation
 */

export { fromBase64, toBase64 } from "./base64.js";
export * as codec from "./codec.js";
export { Client, DEFAULT_SERVER } from "./client.js";
export type { Components } from "./components.js";
export {
  AddressError,
  ArgumentsError,
  Cancelled,
  Problem,
  ProtocolError,
  TaskFailed,
  Timeout,
  Unreachable,
  ValueError,
  WindlassError,
} from "./errors.js";
export type { EventsOptions, Watched } from "./events.js";
export type { Handle } from "./handle.js";
export { newId } from "./ids.js";
export { parse, print, type Json } from "./json.js";
export type { RequestOptions } from "./limits.js";
export { Pages } from "./pages.js";
export type { Queue, QueuedCall } from "./queue.js";
export type { Schedules } from "./schedules.js";
export { Stubs, TypedTask, type Params, type StubOptions } from "./stubs.js";
export type { ClientOptions } from "./transport.js";
export type * from "./wire/index.js";
