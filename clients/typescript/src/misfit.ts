/** How codecs say that a value is not of their type, and where. */

import type { Json } from "./json.js";

/** A value that is not of its type; the place grows on its way out. */
export class Misfit extends Error {
  /** Where, from the outermost value on: `.lines[3].price`. */
  place = "";
}

/** Refuses a value. */
export function misfit(expected: string, got: unknown): never {
  throw new Misfit(`expected ${expected}, got ${shown(got)}`);
}

/** Does something inside of a value, at this place in it. */
export function inside<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Misfit) {
      error.place = place + error.place;
    }
    throw error;
  }
}

/** The value as an object whose fields can be asked for. */
export function objectOf<V = Json>(value: V): Record<string, V> {
  const isList = Array.isArray(value) || value instanceof Set || value instanceof Map;
  const isObject = typeof value === "object" && value !== null && !isList;
  return isObject ? (value as Record<string, V>) : misfit("an object", value);
}

/** The name and value of the only field of an object. */
export function onlyEntry(json: Json): [string, Json] {
  const entries = Object.entries(objectOf(json));
  const [entry] = entries;
  return entry !== undefined && entries.length === 1 ? entry : misfit("an object with one field", json);
}

function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case "object":
      return value === null ? "null" : Array.isArray(value) ? `an array of ${value.length}` : named(value);
    case "function":
      return "a function";
    default:
      return typeof value === "bigint" ? `${value}n` : String(value);
  }
}

function named(value: object): string {
  const { name = "Object" } = value.constructor ?? {};
  return name === "Object" ? "an object" : `a ${name}`;
}
