import assert from "node:assert/strict";
import { test } from "node:test";

import { structuredClone as copied } from "../src/missing/clone.js";
import { crypto } from "../src/missing/crypto.js";
import { TextDecoder as Decoder, TextEncoder as Encoder } from "../src/missing/text.js";
import { setTimeout } from "../src/missing/timers.js";

/** Byte sequences around every rule of UTF-8. */
function* sequences() {
  const bytes = [0x41, 0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x9f, 0xa0, 0x90, 0x8f];
  for (const a of bytes) for (const b of bytes) for (const c of bytes) yield [a, b, c, 0x80, 0x42];
}

test("texts are encoded and decoded as Node does it", () => {
  for (const text of ["", "a", "zö€😀", "a\ud800b", "\udc00"]) {
    assert.deepEqual(new Encoder().encode(text), new TextEncoder().encode(text), text);
  }
  for (const sequence of sequences()) {
    const bytes = Uint8Array.from(sequence);
    assert.equal(new Decoder().decode(bytes), new TextDecoder().decode(bytes), String(sequence));
  }
});

test("a decoder that is to be strict refuses what is no UTF-8", () => {
  const strict = new Decoder("utf-8", { fatal: true });

  assert.throws(() => strict.decode(Uint8Array.of(0x41, 0xff)), /byte 1 is not UTF-8/);
  assert.equal(strict.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)), "A");
  assert.throws(() => new Decoder("latin1"), RangeError);
});

test("a character may be cut between two pieces of a stream", () => {
  const bytes = new TextEncoder().encode("a😀b");
  const decoder = new Decoder();

  const parts = [...bytes].map((byte) => decoder.decode(Uint8Array.of(byte), { stream: true }));

  assert.equal(parts.join("") + decoder.decode(), "a😀b");
  assert.equal(new Decoder().decode(Uint8Array.of(0xf0, 0x9f), { stream: true }), "");
});

test("a copy shares nothing, and knows circles", () => {
  const given = { date: new Date(3), map: new Map([["a", [1n]]]), bytes: new Uint8Array([1]), error: new TypeError("x") };
  given.self = given;

  const made = copied(given);

  assert.equal(made.self, made);
  assert.deepEqual(made.map, given.map);
  assert.notEqual(made.map.get("a"), given.map.get("a"));
  assert.notEqual(made.bytes.buffer, given.bytes.buffer);
  assert.deepEqual([made.date.getTime(), made.error.name, made.error.message], [3, "TypeError", "x"]);
  assert.throws(() => copied({ work() {} }), { name: "DataCloneError" });
});

test("random identifiers are of version 4, and differ", () => {
  const made = new Set(Array.from({ length: 100 }, () => crypto.randomUUID()));

  assert.equal(made.size, 100);
  for (const id of made) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.throws(() => crypto.getRandomValues([1]), TypeError);
});

test("a timer says what to do instead", () => {
  assert.throws(() => setTimeout(() => {}, 1), /a workflow waits with sleep\(\)/);
});
