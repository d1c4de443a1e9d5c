import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, encode } from "../src/json.js";

test("integers of any size survive, those beyond 2^53 as bigints", () => {
  const text = '{"large":18446744073709551615,"small":7,"text":"18446744073709551615","float":1.5e300}';

  const value = decode(text);

  assert.equal(value.large, 18446744073709551615n);
  assert.equal(value.small, 7);
  assert.equal(value.text, "18446744073709551615");
  assert.equal(value.float, 1.5e300);
  assert.equal(encode(value), '{"large":18446744073709551615,"small":7,"text":"18446744073709551615","float":1.5e+300}');
});

test("a text with quotation marks and digits stays a text", () => {
  const value = { text: 'he said "12345678901234567890" \\' };

  assert.deepEqual(decode(encode(value)), value);
});

test("floats and bytes are written as the host reads them", () => {
  assert.equal(encode([NaN, Infinity, -Infinity, -0]), '["NaN","Infinity","-Infinity",-0.0]');
  assert.ok(Object.is(decode("-0.0"), -0));
  assert.equal(encode(new Uint8Array([0, 1, 2, 3])), '"AAECAw=="');
  assert.equal(encode(undefined), "null");
});
