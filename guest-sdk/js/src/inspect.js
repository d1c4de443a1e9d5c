/** Values as text, for the log. */

import { told } from "./stack.js";

const DEPTH = 4;
const ITEMS = 100;

/** As `console.log` puts its arguments together: texts as they are, the rest shown. */
export function format(values) {
  let rest = values;
  let text = "";
  if (typeof values[0] === "string" && values[0].includes("%")) {
    let used = 1;
    text = values[0].replace(/%([sdifjoOc%])/g, (all, kind) => {
      if (kind === "%") return "%";
      if (used >= values.length) return all;
      const value = values[used++];
      if (kind === "c") return "";
      if (kind === "d" || kind === "f") return String(Number(value));
      if (kind === "i") return String(Math.trunc(Number(value)));
      return kind === "s" ? said(value) : inspect(value);
    });
    rest = values.slice(used);
    return [text, ...rest.map(said)].join(" ");
  }
  return rest.map(said).join(" ");
}

const said = (value) => (typeof value === "string" ? value : inspect(value));

/** One value. */
export function inspect(value, depth = 0, above = []) {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return value.toString();
    case "function":
      return `[function ${value.name}]`;
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "object":
      return value === null ? "null" : object(value, depth, above);
    default:
      return String(value);
  }
}

function object(value, depth, above) {
  if (value instanceof Error) return told(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (above.includes(value)) return "[circular]";
  if (depth >= DEPTH) return Array.isArray(value) ? "[…]" : "{…}";
  const inner = (item) => inspect(item, depth + 1, [...above, value]);
  const list = (items, open, close) => {
    const shown = items.slice(0, ITEMS);
    if (items.length > ITEMS) shown.push(`… ${items.length - ITEMS} more`);
    return shown.length ? `${open} ${shown.join(", ")} ${close}` : `${open}${close}`;
  };
  if (Array.isArray(value)) return list(Array.from(value.slice(0, ITEMS + 1), inner), "[", "]");
  if (ArrayBuffer.isView(value) && "length" in value) {
    return `${value.constructor.name}(${value.length}) ${list(Array.from(value.slice(0, ITEMS), inner), "[", "]")}`;
  }
  if (value instanceof Map) {
    return `Map ${list([...value].map(([key, item]) => `${inner(key)} => ${inner(item)}`), "{", "}")}`;
  }
  if (value instanceof Set) return `Set ${list([...value].map(inner), "{", "}")}`;
  const name = value.constructor?.name;
  const fields = Object.entries(value).map(([key, item]) => `${key}: ${inner(item)}`);
  return `${name && name !== "Object" ? `${name} ` : ""}${list(fields, "{", "}")}`;
}
