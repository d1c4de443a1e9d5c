/**
 * Whether a call runs. Before the first, the module is only evaluated, when the component is built:
 * there is no host then that could be asked.
 */

let isRunning = false;
const waiting = [];

/** Whether a call runs. */
export const running = () => isRunning;

/** A call begins. */
export function begin() {
  if (isRunning) return;
  isRunning = true;
  for (const work of waiting) work();
}

/** Does this when the first call begins, in every sandbox; at once if it has begun. */
export function whenRunning(work) {
  if (isRunning) work();
  else waiting.push(work);
}

/** Refuses what would be the same in every sandbox if it were done while the component is built. */
export function needsCall(what) {
  if (!isRunning) {
    throw new Error(`${what} cannot be used at the top level of a module: call it inside a function`);
  }
}
