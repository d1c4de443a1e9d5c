// The functions that the WIT exports: one object for each interface.

import { log } from "@windlass/guest";
import type { Tasks } from "local:{{name}}/tasks@0.1.0";

export const tasks: Tasks = {
  summarize(letter) {
    log.info(`summarizing ${new TextEncoder().encode(letter).length} bytes`);
    const words = letter.split(/\s+/).filter((word) => word !== "");
    // What is thrown is the error of the WIT.
    if (words.length === 0) throw new Error("the letter is empty");
    const longest = words.reduce((best, word) => ([...word].length > [...best].length ? word : best));
    return { words: words.length, longest };
  },
};
