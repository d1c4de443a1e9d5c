/**
 * JSON in which nothing is lost: integers of 64 bits keep every digit, and what JSON cannot say is
 * refused, or written as the host reads it, instead of silently becoming something else.
 *
 * The built-in `JSON` reads 9007199254740993 as ...992, writes `NaN` as `null`, `-0` as `0` and a
 * `Uint8Array` as an object. These two functions stand in its place wherever values go over the
 * wire.
 */

import { toBase64 } from "./base64.js";
import { ArgumentsError } from "./errors.js";

/** A value that came as JSON. An integer beyond ±(2^53 - 1) is a `bigint`, every other number a `number`. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/**
 * Reads JSON.
 *
 * @throws SyntaxError if the text is no JSON.
 */
export function parse(text: string): Json {
  // Long integers are rare: the built-in parser is several times faster.
  return LONG_INTEGER.test(text) ? new Reader(text).document() : (JSON.parse(text) as Json);
}

/** An integer that may be beyond 2^53; also finds what only looks like one inside a string. */
const LONG_INTEGER = /(?:^|[[:,\s])-?\d{16,}(?![\d.eE])/;

const STRING = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  document(): Json {
    const value = this.value();
    if (this.peek() !== "") {
      this.fail();
    }
    return value;
  }

  private value(): Json {
    switch (this.peek()) {
      case "{":
        return this.object();
      case "[":
        return this.array();
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  private object(): Json {
    const object: { [key: string]: Json } = {};
    this.at += 1;
    for (let isFirst = true; !this.ends("}", isFirst); isFirst = false) {
      if (this.peek() !== '"') {
        this.fail();
      }
      const key = this.string();
      if (this.peek() !== ":") {
        this.fail();
      }
      this.at += 1;
      const value = this.value();
      // A plain assignment to `__proto__` would set the prototype.
      Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
    }
    return object;
  }

  private array(): Json[] {
    const array: Json[] = [];
    this.at += 1;
    for (let isFirst = true; !this.ends("]", isFirst); isFirst = false) {
      array.push(this.value());
    }
    return array;
  }

  /** Whether the object or array ends here; otherwise passes over the comma before its next item. */
  private ends(bracket: string, isFirst: boolean): boolean {
    const next = this.peek();
    if (next === bracket) {
      this.at += 1;
      return true;
    }
    if (!isFirst) {
      if (next !== ",") {
        this.fail();
      }
      this.at += 1;
    }
    return false;
  }

  private string(): string {
    return JSON.parse(this.take(STRING)[0]) as string;
  }

  private number(): number | bigint {
    const [text, fraction, exponent] = this.take(NUMBER);
    const number = Number(text);
    if (fraction !== undefined || exponent !== undefined || Number.isSafeInteger(number)) {
      return number;
    }
    return BigInt(text);
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) {
      this.fail();
    }
    this.at += word.length;
    return value;
  }

  private peek(): string {
    SPACE.lastIndex = this.at;
    SPACE.test(this.text);
    this.at = SPACE.lastIndex;
    return this.text.charAt(this.at);
  }

  private take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) {
      return this.fail();
    }
    this.at = pattern.lastIndex;
    return found;
  }

  private fail(): never {
    throw new SyntaxError(`unexpected ${this.text.charAt(this.at) || "end"} at ${this.at} of JSON`);
  }
}

/**
 * Writes a value as the JSON that the host reads: a `bigint` as a number, a `Uint8Array` as base64
 * text, a `Set` as an array, `NaN` and the infinities as text. A field that is `undefined` is left
 * out. A whole `number` beyond 2^53 is written with an exponent: it is a fine float, but may have
 * lost digits as an integer, so that a task that takes an integer refuses it.
 *
 * @param place what the value is called in an error, such as `args`
 * @throws ArgumentsError if it, or something in it, cannot be written
 */
export function print(value: unknown, place: string): string {
  return write(value, place, []);
}

function write(given: unknown, place: string, outer: readonly object[]): string {
  switch (typeof given) {
    case "string":
      return JSON.stringify(given);
    case "boolean":
      return given ? "true" : "false";
    case "bigint":
      return given.toString();
    case "number":
      return number(given);
    case "object":
      return given === null ? "null" : object(given, place, outer);
    default:
      throw new ArgumentsError(place, `${typeof given} cannot be written as JSON`);
  }
}

function number(value: number): string {
  if (!Number.isFinite(value)) {
    return `"${value}"`;
  }
  if (Object.is(value, -0)) {
    return "-0.0";
  }
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

function object(value: object, place: string, outer: readonly object[]): string {
  if (outer.includes(value)) {
    throw new ArgumentsError(place, "it holds itself");
  }
  const inside = [...outer, value];
  if (value instanceof Uint8Array) {
    return `"${toBase64(value)}"`;
  }
  if (Array.isArray(value)) {
    // Not `map`, which passes over holes.
    return list(Array.from<unknown>(value), place, inside);
  }
  if (value instanceof Set) {
    return list([...(value as Set<unknown>)], place, inside);
  }
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return write((value.toJSON as () => unknown)(), place, inside);
  }
  if (value instanceof Map || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    const name = value.constructor.name;
    throw new ArgumentsError(place, `${name} has no JSON: give an object, an array or a Uint8Array`);
  }
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${write(field, `${place}.${name}`, inside)}`).join(",")}}`;
}

function list(items: readonly unknown[], place: string, inside: readonly object[]): string {
  return `[${items.map((item, index) => write(item, `${place}[${index}]`, inside)).join(",")}]`;
}
