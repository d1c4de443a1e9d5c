import assert from "node:assert/strict";
import { test } from "node:test";

import { format, inspect } from "../src/inspect.js";
import { lines } from "../tools/lines.mjs";

test("a source map becomes a line of the author's for each line of the bundle", () => {
  // Line 1 is of the SDK; line 2 is line 1 of tasks.js, line 4 its line 3.
  const map = { sources: ["sdk.js", "tasks.js"], mappings: "AAAA;ACAA;;AAEA" };

  const [files, table] = lines(map, (source) => (source === "sdk.js" ? null : source));

  assert.equal(files, "\ntasks.js");
  assert.equal(table, ",1:1,,1:3");
});

test("values are shown as people read them", () => {
  const value = { a: [1, 2n, "x"], b: new Map([["k", new Set([true])]]), c: undefined };
  value.self = value;

  assert.equal(
    inspect(value),
    '{ a: [ 1, 2n, "x" ], b: Map { "k" => Set { true } }, c: undefined, self: [circular] }',
  );
  assert.equal(format(["%s has %d of %j", "Ada", "3", { x: 1 }, "more"]), "Ada has 3 of { x: 1 } more");
  assert.equal(format(["100%", 1]), "100% 1");
});
