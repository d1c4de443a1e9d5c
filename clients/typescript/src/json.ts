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
  const hasLong = MANY_DIGITS.test(text) && LONG_INTEGER.test(text);
  return hasLong ? new Reader(text).document() : (JSON.parse(text) as Json);
}

/** What is quickly looked for, and what then decides. */
const MANY_DIGITS = /\d{16}/;

/** An integer that may be beyond 2^53; also finds what only looks like one inside a string. */
const LONG_INTEGER = /(?:^|[[:,\s])-?\d{16,}(?![\d.eE])/;

const STRING = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const ESCAPED = /[\\\u0000-\u001f]/;

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
      if (key === "__proto__") {
        // An assignment would set the prototype.
        Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
      } else {
        object[key] = value;
      }
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
    const end = this.text.indexOf('"', this.at + 1);
    const plain = this.text.slice(this.at + 1, end);
    if (end >= 0 && !ESCAPED.test(plain)) {
      this.at = end + 1;
      return plain;
    }
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
    for (;;) {
      const next = this.text.charAt(this.at);
      if (next !== " " && next !== "\n" && next !== "\r" && next !== "\t") {
        return next;
      }
      this.at += 1;
    }
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
  return new Writer(place).value(value);
}

class Writer {
  /** Where it is, from the outermost value on. */
  private readonly path: (string | number)[] = [];
  /** The objects that it is inside of. */
  private readonly outer: object[] = [];

  constructor(private readonly place: string) {}

  value(given: unknown): string {
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
        return given === null ? "null" : this.object(given);
      default:
        return this.refuse(`${typeof given} cannot be written as JSON`);
    }
  }

  private object(value: object): string {
    if (value instanceof Uint8Array) {
      return `"${toBase64(value)}"`;
    }
    if (this.outer.includes(value)) {
      this.refuse("it holds itself");
    }
    this.outer.push(value);
    const written = this.parts(value);
    this.outer.pop();
    return written;
  }

  private parts(value: object): string {
    if (Array.isArray(value)) {
      return this.list(value);
    }
    if (value instanceof Set) {
      return this.list([...(value as Set<unknown>)]);
    }
    if ("toJSON" in value && typeof value.toJSON === "function") {
      return this.value((value.toJSON as () => unknown)());
    }
    if (value instanceof Map || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      this.refuse(`${value.constructor.name} has no JSON: give an object, an array or a Uint8Array`);
    }
    const fields: string[] = [];
    for (const [name, field] of Object.entries(value) as [string, unknown][]) {
      if (field !== undefined) {
        fields.push(`${JSON.stringify(name)}:${this.inside(name, field)}`);
      }
    }
    return `{${fields.join(",")}}`;
  }

  private list(items: readonly unknown[]): string {
    // `Array.from` visits holes, which `map` does not.
    return `[${Array.from(items, (item, index) => this.inside(index, item)).join(",")}]`;
  }

  private inside(step: string | number, value: unknown): string {
    this.path.push(step);
    const written = this.value(value);
    this.path.pop();
    return written;
  }

  private refuse(reason: string): never {
    const steps = this.path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`));
    throw new ArgumentsError(this.place + steps.join(""), reason);
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
