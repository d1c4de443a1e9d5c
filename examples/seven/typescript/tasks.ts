// The task in TypeScript.

import { log } from "@windlass/guest";
import type { Tasks, Word } from "demo:words/tasks@0.1.0";

export const tasks: Tasks = {
  frequent(text, most) {
    log.info(`${new TextEncoder().encode(text).length} bytes of text`);
    const times = new Map<string, number>();
    for (const [word] of text.matchAll(/[^ \t\n\r]+/g)) {
      const lower = word.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      times.set(lower, (times.get(lower) ?? 0) + 1);
    }
    if (times.size === 0) throw new Error("the text has no words");
    const words: Word[] = Array.from(times, ([text, times]) => ({ text, times }));
    return words.sort((a, b) => b.times - a.times).slice(0, most);
  },
};
