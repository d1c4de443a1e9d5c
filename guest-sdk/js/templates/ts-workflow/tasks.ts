// The functions that the WIT exports: one object for each interface.

import { log } from "@windlass/guest";
import { TaskFailed, enqueueMany, now, publish, sleep, step } from "@windlass/guest/workflow";
import type { Summary, Tasks } from "local:{{name}}/tasks@0.1.0";
import type { Workflows } from "local:{{name}}/workflows@0.1.0";

export const tasks: Tasks = {
  summarize(letter) {
    log.info(`summarizing ${new TextEncoder().encode(letter).length} bytes`);
    const words = letter.split(/\s+/).filter((word) => word !== "");
    // What is thrown is the error of the WIT.
    if (words.length === 0) throw new Error("the letter is empty");
    const longest = words.reduce((best, word) => (longer(word, best) ? word : best));
    return { words: words.length, longest };
  },
};

export const workflows: Workflows = {
  addUp(letters) {
    const handles = enqueueMany<Summary>("summarize", letters.map((letter) => [letter]));
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

function longer(word: string, other: string): boolean {
  return [...word].length > [...other].length;
}
