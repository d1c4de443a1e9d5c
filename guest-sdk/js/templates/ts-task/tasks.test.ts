import assert from "node:assert/strict";
import { test } from "node:test";

import { tasks } from "./tasks.ts";

test("a letter is summarized", () => {
  const summary = tasks.summarize("dear Ada");

  assert.deepEqual(summary, { words: 2, longest: "dear" });
});

test("a letter without words is an error", () => {
  assert.throws(() => tasks.summarize(" "), { message: "the letter is empty" });
});
