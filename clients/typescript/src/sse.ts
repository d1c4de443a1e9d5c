/** Cuts a stream of bytes into server-sent events, as the HTML standard says. */

/** One server-sent event. */
export interface Message {
  event: string;
  data: string;
  id: string | undefined;
}

/** The longest event that is read: an invocation with an outcome of 4 MiB, with room for escapes. */
const EVENT_MAX = 32 * 1024 * 1024;

/** Takes what arrives, in whatever pieces, and gives the events that are whole. */
export class Parser {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #event = "";
  #data: string[] = [];
  #id: string | undefined;

  /**
   * Takes what has arrived.
   *
   * @throws RangeError if an event grows beyond what is read
   */
  feed(bytes: Uint8Array): Message[] {
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#rest += text;
    if (this.#rest.length + this.#data.reduce((sum, line) => sum + line.length, 0) > EVENT_MAX) {
      throw new RangeError("an event is too large");
    }
    // A long line comes in many pieces, and is looked through once.
    if (!text.includes("\n")) {
      return [];
    }
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line.endsWith("\r") ? line.slice(0, -1) : line));
  }

  #line(line: string): Message[] {
    if (line === "") {
      const message = { event: this.#event, data: this.#data.join("\n"), id: this.#id };
      const isMessage = this.#data.length > 0;
      this.#event = "";
      this.#data = [];
      this.#id = undefined;
      return isMessage ? [message] : [];
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "event") {
      this.#event = value;
    } else if (field === "data") {
      this.#data.push(value);
    } else if (field === "id") {
      this.#id = value;
    }
    // Comments, which keep the connection alive, and fields that we have no use for.
    return [];
  }
}
