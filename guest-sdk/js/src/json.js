/**
 * JSON as the host has it: 64-bit integers are numbers of any size, bytes are base64 text, floats may
 * be `"NaN"`. What does not fit into a number is a bigint here.
 */

const LITERAL = "\u0000literal ";
const LITERALS = /"\\u0000literal ([^"]*)"/g;
const LARGE = /[0-9]{16}/;

/** A value as JSON. */
export function encode(value) {
  const text = JSON.stringify(value === undefined ? null : value, (_, item) => {
    if (typeof item === "bigint") return `${LITERAL}${item}`;
    if (typeof item === "number") {
      if (!Number.isFinite(item)) return String(item);
      return Object.is(item, -0) ? `${LITERAL}-0.0` : item;
    }
    if (item instanceof Uint8Array) return base64(item);
    if (ArrayBuffer.isView(item)) return Array.from(item);
    return item;
  });
  if (text === undefined) throw new TypeError(`${typeof value} has no JSON`);
  return text.replace(LITERALS, "$1").toWellFormed();
}

/** JSON as a value. */
export function decode(text) {
  if (!LARGE.test(text)) return JSON.parse(text);
  // Numbers outside of texts that are too long for a double are read as texts first.
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/g, (part) => {
    const isInteger = /^-?[0-9]{16,}$/.test(part);
    return isInteger && !Number.isSafeInteger(Number(part)) ? JSON.stringify(LITERAL + part) : part;
  });
  return JSON.parse(marked, (_, item) =>
    typeof item === "string" && item.startsWith(LITERAL) ? BigInt(item.slice(LITERAL.length)) : item,
  );
}

/** Bytes as text. */
function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4_096) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 4_096));
  }
  return btoa(text);
}
