import assert from "node:assert/strict";
import { test } from "node:test";

import { ArgumentsError, newId, parse, print, toBase64, fromBase64 } from "../src/index.js";

test("integers beyond 2^53 keep every digit, in both directions", () => {
  const text = '{"a":[18446744073709551615,-9223372036854775808,9007199254740991],"b":{"c":9007199254740993}}';

  const value = parse(text);

  assert.deepEqual(value, {
    a: [18446744073709551615n, -9223372036854775808n, 9007199254740991],
    b: { c: 9007199254740993n },
  });
  assert.equal(print(value, "value"), text);
});

test("a float stays a number however many digits it has", () => {
  assert.deepEqual(parse("[0.12345678901234568, 1e300, 12345678901234567.0, 123456789012345678e3]"), [
    0.12345678901234568,
    1e300,
    12345678901234568,
    123456789012345678e3,
  ]);
});

test("digits in a string stay a string, also beside long integers", () => {
  const text = '{"a\\n\\u00e9\\\\":"x, 12345678901234567890 \\" [","__proto__":{"b":12345678901234567890}}';

  const value = parse(text) as Record<string, unknown>;

  assert.equal(value["a\né\\"], 'x, 12345678901234567890 " [');
  assert.deepEqual(Object.keys(value), ["a\né\\", "__proto__"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});

test("what is read slowly is read as the built-in parser reads it", () => {
  const long = "12345678901234567890";
  for (const text of ["[]", "{}", " [ 1 , true , false , null ] ", '{"a" : {} , "b":[[],[-0.5e-3]]}', '["", "\\ud83d\\ude00"]']) {
    assert.deepEqual(parse(`[${long},${text}]`), [BigInt(long), JSON.parse(text)]);
  }
});

test("what is no JSON is refused by both ways of reading", () => {
  for (const text of ["", "[1,]", "[1 2]", '{"a"}', '{"a":1,}', "[01]", "nul", '["a]', "{1:2}", "[1]]"]) {
    assert.throws(() => parse(text), SyntaxError, text);
    assert.throws(() => parse(`{"a":12345678901234567890,"b":${text}}`), SyntaxError, text);
  }
});

test("what JSON cannot say is written as the host reads it", () => {
  const written = print([NaN, Infinity, -Infinity, -0, new Uint8Array([255, 0]), new Set(["a", "b"])], "args");

  assert.equal(written, '["NaN","Infinity","-Infinity",-0.0,"/wA=",["a","b"]]');
});

test("a whole number that may have lost digits is written as a float", () => {
  assert.equal(print([2 ** 53 - 1, 2 ** 53, 2n ** 53n], "args"), "[9007199254740991,9.007199254740992e+15,9007199254740992]");
});

test("a field that is undefined is left out, and a date is its text", () => {
  assert.equal(print({ a: undefined, b: 1, c: new Date(0) }, "args"), '{"b":1,"c":"1970-01-01T00:00:00.000Z"}');
});

test("what has no JSON is refused with its place", () => {
  const itself: unknown[] = [];
  itself.push(itself);
  const places = new Map<string, unknown>([
    ["args[0].b[1]", [{ b: [1, undefined] }]],
    ["args.f", { f: () => 1 }],
    ["args[0]", itself],
    ["args.m", { m: new Map() }],
    ["args[1]", [1, new Float32Array(1)]],
  ]);

  for (const [place, value] of places) {
    assert.throws(
      () => print(value, "args"),
      (error) => error instanceof ArgumentsError && error.place === place,
      place,
    );
  }
});

test("many bytes become base64 and come back", () => {
  const bytes = Uint8Array.from({ length: 100_001 }, (_, index) => index * 7);

  const text = toBase64(bytes);

  assert.equal(text, Buffer.from(bytes).toString("base64"));
  assert.deepEqual(fromBase64(text), bytes);
});

test("bytes become the same text in a browser, which has no Buffer", (t) => {
  const bytes = Uint8Array.from({ length: 100_001 }, (_, index) => index * 7);
  const inNode = toBase64(bytes);
  const { Buffer } = globalThis;
  t.after(() => Object.assign(globalThis, { Buffer }));

  Object.assign(globalThis, { Buffer: undefined });

  assert.equal(toBase64(bytes), inNode);
});

test("ids are UUIDs of version 7 that sort in the order in which they were made", () => {
  const ids = Array.from({ length: 10_000 }, newId);

  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual([...ids].sort(), ids);
  for (const id of ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});
