import assert from "node:assert/strict";
import { test } from "node:test";

import { codec } from "../src/values.js";

const table = [
  { list: "u8" },
  { option: "u32" },
  { nested: 1 },
  { record: [["orderId", "u64"], ["note", 1], ["lines", 4]] },
  { list: 5 },
  { record: [["count", "u32"]] },
  { variant: [["circle", "f64"], ["nothing", null]] },
  { flags: ["read", "lightBlue"] },
  { enum: ["red", "light-blue"] },
  { tuple: ["u8", "string"] },
  { list: "s32" },
  { result: ["u32", "string"] },
];
const of = (type) => codec(table, type);

function mistake(type, value) {
  try {
    of(type).lower(value);
  } catch (thrown) {
    return thrown.message;
  }
  throw new Error("it was taken");
}

test("a value that does not fit is named with its place", () => {
  const order = { orderId: 1n, lines: [{ count: 1 }, { count: 2 }, { count: -1 }] };

  assert.equal(mistake(3, order), ".lines[2].count: expected u32, got -1");
});

test("a field that is missing is named", () => {
  assert.equal(mistake(3, { lines: [] }), ".orderId: expected u64 as a bigint, got undefined");
  assert.equal(mistake(3, { orderId: 1n }), ".lines: expected an array, got undefined");
});

test("numbers out of their range, broken ones and what is none are refused", () => {
  assert.equal(mistake("u8", 256), "expected u8, got 256");
  assert.equal(mistake("s8", -129), "expected s8, got -129");
  assert.equal(mistake("u32", NaN), "expected u32, got NaN");
  assert.equal(mistake("s32", 1.5), "expected s32, got 1.5");
  assert.equal(mistake("f64", "1"), 'expected f64, got "1"');
  assert.equal(mistake("u64", -1n), "expected u64, got -1n");
  assert.equal(mistake("s64", 2n ** 63n), "expected s64, got 9223372036854775808n");
});

test("a 64-bit integer is exact, and a number beyond 2^53 is refused because it is not", () => {
  assert.equal(of("u64").lower(2n ** 64n - 1n), 2n ** 64n - 1n);
  assert.equal(of("u64").lower(7), 7n);
  assert.match(mistake("u64", 2 ** 53), /beyond 2\^53/);
  assert.equal(of("s64").lift(2n ** 63n), -(2n ** 63n));
});

test("half a surrogate pair is refused", () => {
  assert.match(mistake("string", "a\ud800"), /half a surrogate pair/);
  assert.match(mistake("char", "\ud800"), /expected one character/);
  assert.equal(of("char").lower("😀"), "😀");
  assert.match(mistake("char", "ab"), /expected one character/);
});

test("an option takes undefined and null, and gives undefined", () => {
  assert.equal(of(1).lower(null), undefined);
  assert.equal(of(1).lower(undefined), undefined);
  assert.equal(of(1).lift(null), undefined);
  assert.equal(of(1).lift(3), 3);
});

test("an option inside of an option is tagged", () => {
  assert.deepEqual(of(2).lower({ tag: "some", val: undefined }), { tag: "some", val: undefined });
  assert.deepEqual(of(2).lift({ tag: "some", val: null }), { tag: "some", val: undefined });
  assert.match(mistake(2, 3), /expected a nested option/);
});

test("bytes are taken as they are, arrays of numbers are checked", () => {
  const bytes = new Uint8Array([1, 2]);

  assert.equal(of(0).lower(bytes), bytes);
  assert.deepEqual(of(0).lower([1, 255]), new Uint8Array([1, 255]));
  assert.equal(mistake(0, [1, 256]), "[1]: expected u8, got 256");
  assert.equal(mistake(0, "ab"), 'expected a Uint8Array, got "ab"');
});

test("lists of numbers come as arrays whatever the engine makes of them", () => {
  assert.deepEqual(of(10).lift(new Int32Array([1, -2])), [1, -2]);
  assert.deepEqual(of(10).lower(new Int32Array([1, -2])), new Int32Array([1, -2]));
});

test("variants, results, enums, flags and tuples name what they know", () => {
  assert.deepEqual(of(6).lower({ tag: "nothing" }), { tag: "nothing" });
  assert.equal(mistake(6, { tag: "square" }), '.tag: expected one of circle, nothing, got "square"');
  assert.equal(mistake(6, { tag: "circle" }), ".val: expected f64, got undefined");
  assert.deepEqual(of(11).lower({ tag: "ok", val: 1 }), { tag: "ok", val: 1 });
  assert.equal(mistake(8, "blue"), 'expected one of red, light-blue, got "blue"');
  assert.deepEqual(of(7).lower({ lightBlue: true }), { read: false, lightBlue: true });
  assert.match(mistake(7, { write: true }), /expected one of read, lightBlue/);
  assert.equal(mistake(9, [1]), "expected an array of 2, got one of 1");
  assert.equal(mistake(9, [1, 2]), "[1]: expected a string, got 2");
});
