import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import * as testing from "@windlass/guest/testing";

import { tasks, workflows } from "./tasks.js";

beforeEach(() => {
  testing.reset();
  testing.tasks(tasks);
});

test("a letter is summarized", () => {
  const summary = tasks.summarize("dear Ada");

  assert.deepEqual(summary, { words: 2, longest: "dear" });
});

test("a letter without words is an error", () => {
  assert.throws(() => tasks.summarize(" "), { message: "the letter is empty" });
});

test("letters are added up", () => {
  const totals = workflows.addUp(["dear Ada", "good bye Charles"]);

  assert.equal(totals.letters, 2);
  assert.equal(totals.words, 5);
  assert.equal(totals.longest, "Charles");
  assert.equal(testing.published("letters"), 2);
});

test("a letter that fails makes the whole fail", () => {
  assert.throws(() => workflows.addUp(["dear Ada", ""]), { message: "letter 1: the letter is empty" });
});
