/**
 * Values on their way between the author's code and an engine.
 *
 * `lower` checks what the author hands out, and names the place of what does not fit; `lift` gives
 * what comes in the shape that the declarations promise, whatever the engine makes of it. Types are
 * those of the table that `windlass build` makes of the WIT: the name of a primitive, or a place in
 * the table.
 */

import { primitives } from "./primitives.js";
import { at, expected, shown } from "./mistake.js";

const same = (value) => value;
const compiled = new WeakMap();

/** The codec of a type: `{ lower, lift }`; `lift` is `undefined` where it changes nothing. */
export function codec(types, type) {
  if (typeof type === "string") return primitives[type] ?? { lower: same };
  let all = compiled.get(types);
  if (!all) compiled.set(types, (all = []));
  return (all[type] ??= make(types, types[type]));
}

function make(types, described) {
  const [[kind, inner]] = Object.entries(described);
  return kinds[kind](inner, (type) => codec(types, type));
}

const kinds = {
  record(fields, of) {
    const all = fields.map(([name, type]) => [name, of(type)]);
    const lifted = all.filter(([, codec]) => codec.lift);
    return {
      lower(value) {
        if (typeof value !== "object" || value === null) throw expected("a record", value);
        const made = {};
        for (const [name, codec] of all) {
          try {
            made[name] = codec.lower(value[name]);
          } catch (mistake) {
            throw at(mistake, `.${name}`);
          }
        }
        return made;
      },
      lift: lifted.length
        ? (value) => {
            for (const [name, codec] of lifted) value[name] = codec.lift(value[name]);
            return value;
          }
        : undefined,
    };
  },

  variant(cases, of) {
    const all = new Map(cases.map(([tag, type]) => [tag, type === null ? null : of(type)]));
    return tagged(all, "a variant");
  },

  result([ok, err], of) {
    const side = (type) => (type === null ? null : of(type));
    return tagged(new Map([["ok", side(ok)], ["err", side(err)]]), "a result");
  },

  nested(inner, of) {
    return tagged(new Map([["some", of(inner)], ["none", null]]), "a nested option");
  },

  option(inner, of) {
    const { lower, lift = same } = of(inner);
    return {
      lower: (value) => (value === undefined || value === null ? undefined : lower(value)),
      lift: (value) => (value === undefined || value === null ? undefined : lift(value)),
    };
  },

  enum(names) {
    const all = new Set(names);
    return {
      lower(value) {
        if (!all.has(value)) throw expected(`one of ${names.join(", ")}`, value);
        return value;
      },
    };
  },

  flags(names) {
    const all = new Set(names);
    return {
      lower(value) {
        if (typeof value !== "object" || value === null) throw expected("flags", value);
        const made = {};
        for (const name of names) made[name] = false;
        for (const [name, set] of Object.entries(value)) {
          if (!all.has(name)) throw at(expected(`one of ${names.join(", ")}`, name), "");
          if (set !== undefined && typeof set !== "boolean") {
            throw at(expected("a boolean", set), `.${name}`);
          }
          made[name] = set === true;
        }
        return made;
      },
    };
  },

  tuple(types, of) {
    const all = types.map(of);
    const isLifted = all.some((codec) => codec.lift);
    return {
      lower(value) {
        if (!Array.isArray(value)) throw expected("an array", value);
        if (value.length !== all.length) {
          throw expected(`an array of ${all.length}`, `one of ${value.length}`, true);
        }
        return each(value, (item, index) => all[index].lower(item));
      },
      lift: isLifted
        ? (value) => value.map((item, index) => (all[index].lift ?? same)(item))
        : undefined,
    };
  },

  list(inner, of) {
    if (inner === "u8") return bytes;
    const { lower, lift } = of(inner);
    const Typed = arrays[inner];
    return {
      lower(value) {
        if (Typed && value instanceof Typed) return value;
        if (!Array.isArray(value)) throw expected("an array", value);
        return each(value, lower);
      },
      lift: (value) => {
        // An engine may make typed arrays of numbers.
        const array = Array.isArray(value) ? value : Array.from(value);
        return lift ? array.map(lift) : array;
      },
    };
  },
};

/** What numbers may also come in, whose elements cannot be wrong. */
const arrays = {
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
};

const bytes = {
  lower(value) {
    if (value instanceof Uint8Array) return value;
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (!Array.isArray(value)) throw expected("a Uint8Array", value);
    return Uint8Array.from(each(value, primitives.u8.lower));
  },
  lift: (value) => (value instanceof Uint8Array ? value : Uint8Array.from(value)),
};

function tagged(cases, what) {
  const lifted = [...cases.values()].some((codec) => codec?.lift);
  const tags = [...cases.keys()];
  return {
    lower(value) {
      if (typeof value !== "object" || value === null) throw expected(`${what} { tag, val }`, value);
      const codec = cases.get(value.tag);
      if (codec === undefined) throw at(expected(`one of ${tags.join(", ")}`, value.tag), ".tag");
      if (codec === null) return { tag: value.tag };
      try {
        return { tag: value.tag, val: codec.lower(value.val) };
      } catch (mistake) {
        throw at(mistake, ".val");
      }
    },
    lift: lifted
      ? (value) => {
          const lift = cases.get(value.tag)?.lift;
          return lift ? { tag: value.tag, val: lift(value.val) } : value;
        }
      : undefined,
  };
}

function each(items, lower) {
  const made = new Array(items.length);
  let index = 0;
  try {
    for (; index < made.length; index++) made[index] = lower(items[index], index);
  } catch (mistake) {
    throw at(mistake, `[${index}]`);
  }
  return made;
}

export { shown };
