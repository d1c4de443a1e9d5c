/**
 * Between the types that stubs have and the JSON that WIT values have: what `windlass client
 * generate --lang typescript` writes is made of these.
 *
 * | WIT | TypeScript | JSON |
 * |---|---|---|
 * | `s64`, `u64` | `bigint` | a number |
 * | other numbers | `number` | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
 * | `list<u8>` | `Uint8Array` | base64 text |
 * | `record` | an object, its names in camelCase | an object |
 * | `option<T>` | `T \| undefined` | the value or null |
 * | `option<option<T>>` | `Option<T \| undefined>` | `{"some": …}` or null |
 * | `variant` | `{ tag, val }` | `{"tag": val}` or `"tag"` |
 * | `enum` | one of its names | its name |
 * | `flags` | an object of booleans, where what is absent is not set | an array of names |
 * | `result<T, E>` as data | `Result<T, E>` | `{"ok": …}` or `{"err": …}` |
 * | `map<K, V>` | `Map<K, V>` | an object, or an array of pairs |
 *
 * Nothing is coerced: a value of another type is refused with its place.
 */

import { fromBase64, toBase64 } from "./base64.js";
import type { Json } from "./json.js";
import { Misfit, inside, misfit, objectOf, onlyEntry } from "./misfit.js";

/** From a `T` to JSON and back. */
export interface Codec<T> {
  /** The JSON of a value. */
  encode(value: T): Json;
  /** The value of a JSON. */
  decode(json: Json): T;
}

/** An option within an option, where `undefined` alone would say too little. */
export type Option<T> = { tag: "none" } | { tag: "some"; val: T };

/** A result as data. */
export type Result<T, E> = { tag: "ok"; val: T } | { tag: "err"; val: E };

function same<T extends Json>(name: string, is: (value: unknown) => value is T): Codec<T> {
  const check = (value: unknown): T => (is(value) ? value : misfit(name, value));
  return { encode: check, decode: check };
}

function integer(name: string, min: number, max: number): Codec<number> {
  return same(
    name,
    (value): value is number => typeof value === "number" && Number.isInteger(value) && value >= min && value <= max,
  );
}

function long(name: string, min: bigint, max: bigint): Codec<bigint> {
  const check = (value: unknown): bigint => {
    const whole = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
    return typeof whole === "bigint" && whole >= min && whole <= max ? whole : misfit(name, value);
  };
  return { encode: check, decode: check };
}

const SPECIAL = new Map<Json, number>([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

function float(name: string): Codec<number> {
  return {
    encode: (value) => (typeof value === "number" ? value : misfit(name, value)),
    decode: (json) => {
      // A float that is whole and large comes as a whole number.
      const value = typeof json === "bigint" ? Number(json) : (SPECIAL.get(json) ?? json);
      return typeof value === "number" ? value : misfit(name, json);
    },
  };
}

/** `bool`. */
export const bool = same("a boolean", (value): value is boolean => typeof value === "boolean");
/** `s8`. */
export const s8 = integer("s8", -0x80, 0x7f);
/** `u8`. */
export const u8 = integer("u8", 0, 0xff);
/** `s16`. */
export const s16 = integer("s16", -0x8000, 0x7fff);
/** `u16`. */
export const u16 = integer("u16", 0, 0xffff);
/** `s32`. */
export const s32 = integer("s32", -0x8000_0000, 0x7fff_ffff);
/** `u32`. */
export const u32 = integer("u32", 0, 0xffff_ffff);
/** `s64`. */
export const s64 = long("s64", -(2n ** 63n), 2n ** 63n - 1n);
/** `u64`. */
export const u64 = long("u64", 0n, 2n ** 64n - 1n);
/** `f32`. */
export const f32 = float("f32");
/** `f64`. */
export const f64 = float("f64");
/** `char`. */
export const char = same("a character", (value): value is string => typeof value === "string" && [...value].length === 1);
/** `string`. */
export const string = same("a string", (value): value is string => typeof value === "string");

/** `list<u8>`. */
export const bytes: Codec<Uint8Array> = {
  encode: (value) => (value instanceof Uint8Array ? toBase64(value) : misfit("a Uint8Array", value)),
  decode: (json) => {
    try {
      return typeof json === "string" ? fromBase64(json) : misfit("base64 text", json);
    } catch (error) {
      throw error instanceof Misfit ? error : new Misfit("expected base64 text, got another one");
    }
  },
};

/** What has no value: a task that returns nothing. */
export const nothing: Codec<void> = {
  encode: () => null,
  decode: (json) => (json === null ? undefined : misfit("null", json)),
};

/** `list<T>`; with a length, of exactly so many. */
export function list<T>(element: Codec<T>, length?: number): Codec<T[]> {
  const all = <A, B>(items: unknown, one: (item: A) => B): B[] => {
    const fits = Array.isArray(items) && (length === undefined || items.length === length);
    if (!fits) {
      return misfit(length === undefined ? "an array" : `an array of ${length}`, items);
    }
    return Array.from(items as A[], (item, index) => inside(`[${index}]`, () => one(item)));
  };
  return {
    encode: (value) => all(value, (item: T) => element.encode(item)),
    decode: (json) => all(json, (item: Json) => element.decode(item)),
  };
}

/** `tuple<…>`. */
export function tuple<T extends unknown[]>(...elements: { [I in keyof T]: Codec<T[I]> }): Codec<T> {
  const codecs: readonly Codec<unknown>[] = elements;
  const all = <B>(items: unknown, one: (codec: Codec<unknown>, item: unknown) => B): B[] => {
    if (!Array.isArray(items) || items.length !== codecs.length) {
      return misfit(`an array of ${codecs.length}`, items);
    }
    return codecs.map((codec, index) => inside(`[${index}]`, () => one(codec, items[index])));
  };
  return {
    encode: (value) => all(value, (codec, item) => codec.encode(item)),
    decode: (json) => all(json, (codec, item) => codec.decode(item as Json)) as T,
  };
}

/** `option<T>`, where T is no option. */
export function option<T>(some: Codec<T>): Codec<T | undefined> {
  return {
    encode: (value) => (value === undefined || value === null ? null : some.encode(value)),
    decode: (json) => (json === null ? undefined : some.decode(json)),
  };
}

/** `option<option<T>>`; what is given is the codec of the inner option. */
export function nestedOption<T>(some: Codec<T>): Codec<Option<T>> {
  return {
    encode: (value) => {
      if (value?.tag === "none") {
        return null;
      }
      return value?.tag === "some" ? { some: inside(".val", () => some.encode(value.val)) } : misfit("an Option", value);
    },
    decode: (json) => {
      if (json === null) {
        return { tag: "none" };
      }
      const [name, val] = onlyEntry(json);
      return name === "some"
        ? { tag: "some", val: inside(".some", () => some.decode(val)) }
        : misfit("`some`", name);
    },
  };
}

/** `result<T, E>` as data. */
export function result<T, E>(ok: Codec<T>, err: Codec<E>): Codec<Result<T, E>> {
  return {
    encode: (value): Json => {
      switch (value?.tag) {
        case "ok":
          return { ok: inside(".val", () => ok.encode(value.val)) };
        case "err":
          return { err: inside(".val", () => err.encode(value.val)) };
        default:
          return misfit("a Result", value);
      }
    },
    decode: (json) => {
      const [name, val] = onlyEntry(json);
      switch (name) {
        case "ok":
          return { tag: "ok", val: inside(".ok", () => ok.decode(val)) };
        case "err":
          return { tag: "err", val: inside(".err", () => err.decode(val)) };
        default:
          return misfit("`ok` or `err`", name);
      }
    },
  };
}

/** `map<string, V>`, which is an object in JSON. */
export function stringMap<V>(value: Codec<V>): Codec<Map<string, V>> {
  return {
    encode: (map) => {
      if (!(map instanceof Map)) {
        return misfit("a Map", map);
      }
      const entries = Array.from(map as Map<string, V>, ([key, one]) => [
        key,
        inside(`.${key}`, () => value.encode(one)),
      ]);
      return Object.fromEntries(entries) as Json;
    },
    decode: (json) => {
      const entries = Object.entries(objectOf(json));
      return new Map(entries.map(([key, one]) => [key, inside(`.${key}`, () => value.decode(one))]));
    },
  };
}

/** `map<K, V>`, which is an array of pairs in JSON. */
export function map<K, V>(key: Codec<K>, value: Codec<V>): Codec<Map<K, V>> {
  const pairs = list(tuple<[K, V]>(key, value));
  return {
    encode: (map) => (map instanceof Map ? pairs.encode([...(map as Map<K, V>)]) : misfit("a Map", map)),
    decode: (json) => new Map(pairs.decode(json)),
  };
}

/** The fields of a record, by what they are called here: their names in the WIT, and their types. */
export type Fields<T> = { [K in keyof T]-?: readonly [wit: string, codec: Codec<T[K]>] };

/** `record`. */
export function record<T extends object>(fields: Fields<T>): Codec<T> {
  const all = Object.entries(fields) as [keyof T & string, readonly [string, Codec<unknown>]][];
  return {
    encode: (value) => {
      const object = objectOf(value as unknown);
      return Object.fromEntries(
        all.map(([name, [wit, codec]]) => [wit, inside(`.${name}`, () => codec.encode(object[name]))]),
      );
    },
    decode: (json) => {
      const object = objectOf(json);
      const decoded = all.map(([name, [wit, codec]]) => {
        return [name, inside(`.${wit}`, () => codec.decode(Object.hasOwn(object, wit) ? (object[wit] ?? null) : null))] as const;
      });
      // An option that is not there is absent, as it may be in what is given.
      return Object.fromEntries(decoded.filter(([, value]) => value !== undefined)) as T;
    },
  };
}

/** The cases of a variant, by name: the type of what they carry, null where that is nothing. */
export type Cases<T extends { tag: string }> = {
  [C in T as C["tag"]]: C extends { val: infer V } ? Codec<V> : null;
};

/** `variant`. */
export function variant<T extends { tag: string; val?: unknown }>(cases: Cases<T>): Codec<T> {
  const all = new Map(Object.entries<Codec<unknown> | null>(cases));
  const known = [...all.keys()].join(", ");
  return {
    encode: (value) => {
      const codec = all.get(value?.tag);
      if (codec === undefined) {
        return misfit(`a tag out of ${known}`, value?.tag);
      }
      return codec === null ? value.tag : { [value.tag]: inside(".val", () => codec.encode(value.val)) };
    },
    decode: (json) => {
      const [tag, payload] = typeof json === "string" ? [json, undefined] : onlyEntry(json);
      const codec = all.get(tag);
      if (codec === undefined || (codec === null) !== (payload === undefined)) {
        return misfit(`one of ${known}`, json);
      }
      const val = payload === undefined ? {} : { val: inside(`.${tag}`, () => codec?.decode(payload)) };
      return { tag, ...val } as unknown as T;
    },
  };
}

/** `enum`. */
export function oneOf<T extends string>(...names: T[]): Codec<T> {
  const known = new Set<unknown>(names);
  return same(`one of ${names.join(", ")}`, (value): value is T => known.has(value));
}

/** The flags by what they are called here: their names in the WIT. */
export type Flags<T> = { [K in keyof T]-?: string };

/** `flags`. */
export function flags<T extends { [K in keyof T]?: boolean | undefined }>(names: Flags<T>): Codec<T> {
  const all = new Map(Object.entries<string>(names));
  const byWit = new Map([...all].map(([name, wit]) => [wit, name]));
  return {
    encode: (value) => {
      const set = Object.entries(objectOf(value as unknown)).filter(([, isSet]) => isSet === true);
      return set.map(([name]) => all.get(name) ?? misfit(`one of ${[...all.keys()].join(", ")}`, name));
    },
    decode: (json) => {
      const set = list(string).decode(json);
      const entries = set.map((wit) => [byWit.get(wit) ?? misfit(`one of ${[...byWit.keys()].join(", ")}`, wit), true]);
      return Object.fromEntries(entries) as T;
    },
  };
}
