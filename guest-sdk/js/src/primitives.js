/** The primitive types of WIT: what an author may give for each, and what an engine takes. */

import { expected } from "./mistake.js";

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function integer(name, least, most) {
  return {
    lower(value) {
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      // A bigint that fits is no mistake of meaning.
      if (typeof value === "bigint" && value >= least && value <= most) return Number(value);
      throw expected(name, value);
    },
  };
}

/** QuickJS's bindings hand it over as if it were signed, and take it so. */
function u32() {
  const { lower } = integer("u32", 0, 0xffffffff);
  return {
    lower: globalThis.__windlass_quickjs ? (value) => lower(value) | 0 : lower,
    lift: (value) => value >>> 0,
  };
}

function long(name, least, most) {
  const bits = least < 0n ? BigInt.asIntN : BigInt.asUintN;
  return {
    lower(value) {
      if (typeof value === "bigint") {
        if (value >= least && value <= most) return value;
        throw expected(name, value);
      }
      if (!Number.isInteger(value)) throw expected(`${name} as a bigint`, value);
      const made = BigInt(value);
      if (made > SAFE || made < -SAFE) {
        throw expected(`${name}, as a bigint where it is beyond 2^53`, value);
      }
      if (made < least) throw expected(name, value);
      return made;
    },
    // StarlingMonkey hands over negative ones as if they had no sign.
    lift: (value) => bits(64, BigInt(value)),
  };
}

function float(name) {
  return {
    lower(value) {
      if (typeof value === "number") return value;
      throw expected(name, value);
    },
  };
}

function string(value) {
  if (typeof value !== "string") throw expected("a string", value);
  if (!value.isWellFormed()) {
    throw expected(
      "a string of Unicode characters",
      "half a surrogate pair in it (`toWellFormed()` replaces such)",
      true,
    );
  }
  return value;
}

/** By name: `{ lower, lift }`. */
export const primitives = {
  bool: {
    lower(value) {
      if (typeof value === "boolean") return value;
      throw expected("a boolean", value);
    },
  },
  u8: integer("u8", 0, 0xff),
  u16: integer("u16", 0, 0xffff),
  u32: u32(),
  s8: integer("s8", -0x80, 0x7f),
  s16: integer("s16", -0x8000, 0x7fff),
  s32: integer("s32", -0x80000000, 0x7fffffff),
  u64: long("u64", 0n, 0xffffffffffffffffn),
  s64: long("s64", -0x8000000000000000n, 0x7fffffffffffffffn),
  f32: float("f32"),
  f64: float("f64"),
  char: {
    lower(value) {
      if (typeof value === "string" && value.isWellFormed() && value.length < 3) {
        if ([...value].length === 1) return value;
      }
      throw expected("one character", value);
    },
  },
  string: { lower: string },
};
