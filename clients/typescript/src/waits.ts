/** Waiting for any or all of many invocations. */

import { Timeout } from "./errors.js";
import { POLL_MS, type Handle } from "./handle.js";
import { within, type RequestOptions } from "./limits.js";
import type { Transport } from "./transport.js";
import type { Invocation } from "./wire/index.js";

/** How many ids one request names at most. */
const IDS_MAX = 1_000;

/** Waits until at least one of these has ended, and gives those that have, in their order. */
export async function waitAny<H extends Handle<unknown>>(
  transport: Transport,
  handles: readonly H[],
  options: RequestOptions,
): Promise<H[]> {
  const groups = inGroups(unended(handles));
  // With more ids than fit one request, the requests take turns.
  const poll = groups.length > 1 ? POLL_MS / 30 : POLL_MS;
  const late = (ms: number): Timeout => new Timeout(`the end of any of ${handles.length} invocations`, ms);
  await within(options, late, async (signal) => {
    while (groups.length > 0 && !handles.some((handle) => handle.hasEnded)) {
      for (const ids of groups) {
        const ended = await ask(transport, ids, "any", poll, signal);
        learn(handles, ended);
        if (ended.length > 0) {
          break;
        }
      }
    }
  });
  return handles.filter((handle) => handle.hasEnded);
}

/** Waits until all of these have ended, and gives them. */
export async function waitAll<H extends Handle<unknown>>(
  transport: Transport,
  handles: readonly H[],
  options: RequestOptions,
): Promise<H[]> {
  const late = (ms: number): Timeout => new Timeout(`the end of all of ${handles.length} invocations`, ms);
  await within(options, late, async (signal) => {
    for (let missing = unended(handles); missing.length > 0; missing = unended(handles)) {
      learn(handles, await ask(transport, missing.slice(0, IDS_MAX), "all", POLL_MS, signal));
    }
  });
  return [...handles];
}

async function ask(
  transport: Transport,
  ids: readonly string[],
  what: "any" | "all",
  waitingMs: number,
  signal: AbortSignal,
): Promise<Invocation[]> {
  const json = { ids, for: what, wait: `${waitingMs}ms` };
  const path = ["v1", "invocations", "wait"];
  const waited: { items: Invocation[] } = await transport.json({ method: "POST", path, json, waitingMs }, { signal });
  return waited.items;
}

function learn(handles: readonly Handle<unknown>[], ended: readonly Invocation[]): void {
  const byId = new Map(ended.map((invocation) => [invocation.id, invocation]));
  for (const handle of handles) {
    const invocation = byId.get(handle.id);
    if (invocation !== undefined) {
      handle.learn(invocation);
    }
  }
}

/** The ids of those whose end is not known, each once. */
function unended(handles: readonly Handle<unknown>[]): string[] {
  return [...new Set(handles.filter((handle) => !handle.hasEnded).map((handle) => handle.id))];
}

function inGroups(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / IDS_MAX);
  return Array.from({ length: count }, (_, index) => ids.slice(index * IDS_MAX, (index + 1) * IDS_MAX));
}
