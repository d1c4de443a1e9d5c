import assert from "node:assert/strict";
import { test } from "node:test";

import { drawing } from "./tasks.js";

test("bars stand below each other", () => {
  const card = drawing.draw("Words", [{ label: "dear", count: 2 }, { label: "ada", count: 1 }]);

  assert.equal(card, "Words\ndear ██ 2\nada  █ 1");
});
