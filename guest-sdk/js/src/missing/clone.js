/** `structuredClone`. */

const PLAIN = [Boolean, Number, String, BigInt].map((type) => type.prototype);
const ERRORS = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

export function structuredClone(value) {
  return copy(value, new Map());
}

function copy(value, seen) {
  if (typeof value === "symbol" || typeof value === "function") {
    throw new DOMException(`${String(value)} cannot be cloned`, "DataCloneError");
  }
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (made) => {
    seen.set(value, made);
    return made;
  };
  if (Array.isArray(value)) return own(value, keep(new Array(value.length)), seen);
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) {
    const buffer = copy(value.buffer, seen);
    const length = value instanceof DataView ? value.byteLength : value.length;
    return keep(new value.constructor(buffer, value.byteOffset, length));
  }
  if (value instanceof Map) {
    const made = keep(new Map());
    for (const [key, item] of [...value]) made.set(copy(key, seen), copy(item, seen));
    return made;
  }
  if (value instanceof Set) {
    const made = keep(new Set());
    for (const item of [...value]) made.add(copy(item, seen));
    return made;
  }
  if (value instanceof Error) {
    const made = keep(new (ERRORS[value.name] ?? Error)(value.message));
    if (value.stack !== undefined) made.stack = value.stack;
    if ("cause" in value) made.cause = copy(value.cause, seen);
    return made;
  }
  if (PLAIN.includes(Object.getPrototypeOf(value))) return keep(Object(value.valueOf()));
  for (const Type of [Promise, WeakMap, WeakSet, WeakRef]) {
    if (value instanceof Type) throw new DOMException(`a ${Type.name} cannot be cloned`, "DataCloneError");
  }
  return own(value, keep({}), seen);
}

function own(value, made, seen) {
  for (const key of Object.keys(value)) made[key] = copy(value[key], seen);
  return made;
}
