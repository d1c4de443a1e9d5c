/** Exports: every invocation that matches, whole, as it comes. */

import { ProtocolError } from "./errors.js";
import { parse } from "./json.js";
import type { Outgoing, Transport } from "./transport.js";
import type { Filter, Invocation } from "./wire/index.js";

/** Reads the lines of an export, each a JSON document. */
export async function* exported(
  transport: Transport,
  filter: Filter,
  signal: AbortSignal,
): AsyncGenerator<Invocation, void, undefined> {
  const request: Outgoing = { path: ["v1", "invocations", "export"], query: { ...filter } };
  const response = await transport.open(request, {}, signal);
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  try {
    for (;;) {
      const { done, value } = await transport.read(reader);
      const lines = decoder.decode(value, { stream: !done }).split("\n");
      for (const end of lines.slice(0, -1)) {
        yield document([...pieces, end].join(""), response.url);
        pieces = [];
      }
      pieces.push(lines.at(-1) ?? "");
      if (done) {
        break;
      }
    }
    const rest = pieces.join("");
    if (rest !== "") {
      yield document(rest, response.url);
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

function document(line: string, url: string): Invocation {
  try {
    return parse(line) as unknown as Invocation;
  } catch (error) {
    throw new ProtocolError(url, String(error));
  }
}
