// The functions that the WIT exports: one object for each interface.

import { log } from "@windlass/guest";
import { TaskFailed, enqueueMany, now, publish, sleep, step } from "@windlass/guest/workflow";

/** @type {import("local:{{name}}/tasks@0.1.0").Tasks} */
export const tasks = {
  summarize(letter) {
    log.info(`summarizing ${new TextEncoder().encode(letter).length} bytes`);
    const words = letter.split(/\s+/).filter((word) => word !== "");
    // What is thrown is the error of the WIT.
    if (words.length === 0) throw new Error("the letter is empty");
    const longest = words.reduce((best, word) => (longer(word, best) ? word : best));
    return { words: words.length, longest };
  },
};

/** @type {import("local:{{name}}/workflows@0.1.0").Workflows} */
export const workflows = {
  addUp(letters) {
    const handles = enqueueMany("summarize", letters.map((letter) => [letter]));
    const summaries = handles.map((handle, number) => {
      try {
        return handle.getResult();
      } catch (failure) {
        if (!(failure instanceof TaskFailed)) throw failure;
        throw new Error(`letter ${number}: ${failure.payload ?? failure.message}`);
      }
    });
    sleep("10ms");
    // Inside a step nothing is asked of the host.
    const time = now();
    const stamped = step("stamp", () => time);
    publish("letters", letters.length);
    return {
      letters: letters.length,
      words: summaries.reduce((sum, { words }) => sum + words, 0),
      longest: summaries.reduce((best, { longest }) => (longer(longest, best) ? longest : best), ""),
      stamped: BigInt(stamped),
    };
  },
};

/**
 * @param {string} word
 * @param {string} other
 */
function longer(word, other) {
  return [...word].length > [...other].length;
}
