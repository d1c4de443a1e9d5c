// The task in JavaScript.

import { log } from "@windlass/guest";

/** @type {import("demo:words/tasks@0.1.0").Tasks} */
export const tasks = {
  frequent(text, most) {
    log.info(`${new TextEncoder().encode(text).length} bytes of text`);
    const times = new Map();
    for (const [word] of text.matchAll(/[^ \t\n\r]+/g)) {
      const lower = word.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      times.set(lower, (times.get(lower) ?? 0) + 1);
    }
    if (times.size === 0) throw new Error("the text has no words");
    const words = Array.from(times, ([text, times]) => ({ text, times }));
    return words.sort((a, b) => b.times - a.times).slice(0, most);
  },
};
