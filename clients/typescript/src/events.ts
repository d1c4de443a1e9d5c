/** Watching one invocation: server-sent events, taken up again where a connection breaks. */

import { ProtocolError, Unreachable } from "./errors.js";
import { parse } from "./json.js";
import { pause } from "./limits.js";
import { Parser, type Message } from "./sse.js";
import type { Outgoing, Transport } from "./transport.js";
import type { Event, State } from "./wire/index.js";

/** Between tries to connect again. */
const PAUSE_MS = 250;

/** An event, and the id after which a stream can be taken up again. */
export type Watched = Event & { id: string };

/** How an invocation is watched. */
export interface EventsOptions {
  /** Ends the watching: the iteration throws the signal's reason. */
  signal?: AbortSignal;
  /** The `id` of the last event that came, to go on after it; the present state comes in any case. */
  lastEventId?: string;
}

/** What happens to the invocation with this id, from its present state to its end. */
export async function* watch(
  transport: Transport,
  id: string,
  options: EventsOptions,
): AsyncGenerator<Watched, void, undefined> {
  const request = { path: ["v1", "invocations", id, "events"] };
  const signal = options.signal ?? new AbortController().signal;
  let last = options.lastEventId;
  // When patience with a host that has gone ends; none while it answers.
  let giveUp: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    // The host closes the stream after the end; before it, a connection broke.
    let broken = new Unreachable(transport.server, "the stream of events broke off");
    try {
      for await (const message of messages(transport, request, last, signal)) {
        giveUp = undefined;
        last = message.id ?? last;
        const event = understand(transport, id, message);
        if (event !== undefined) {
          yield { ...event, id: last ?? "" };
        }
        if (event?.event === "state" && isFinal(event.data.state)) {
          return;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Unreachable)) {
        throw error;
      }
      broken = error;
    }
    giveUp ??= performance.now() + transport.patienceMs;
    if (performance.now() + PAUSE_MS >= giveUp) {
      throw broken;
    }
    await pause(PAUSE_MS, signal);
  }
}

/** The messages of one connection. */
async function* messages(
  transport: Transport,
  request: Outgoing,
  last: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Message, void, undefined> {
  const headers = { accept: "text/event-stream", ...(last === undefined ? {} : { "last-event-id": last }) };
  const response = await transport.open(request, headers, signal);
  const reader = response.body?.getReader();
  const parser = new Parser();
  try {
    for (;;) {
      const { done, value } = await transport.read(reader);
      if (done || value === undefined) {
        return;
      }
      yield* fed(parser, value, response.url);
    }
  } finally {
    // Closes the connection where the caller has seen enough; one that broke cannot be closed.
    await reader?.cancel().catch(() => undefined);
  }
}

function fed(parser: Parser, bytes: Uint8Array, url: string): Message[] {
  try {
    return parser.feed(bytes);
  } catch (error) {
    throw new ProtocolError(url, error instanceof Error ? error.message : String(error));
  }
}

/** The event that a message tells; none where its name is not known, since a newer host may have
 * more to tell. */
function understand(transport: Transport, id: string, message: Message): Event | undefined {
  switch (message.event) {
    case "state":
    case "progress":
    case "log":
    case "published":
      try {
        return { event: message.event, data: parse(message.data) } as unknown as Event;
      } catch (error) {
        throw new ProtocolError(`${transport.server}/v1/invocations/${id}/events`, String(error));
      }
    default:
      return undefined;
  }
}

/** Whether nothing can happen any more. */
export function isFinal(state: State): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}
