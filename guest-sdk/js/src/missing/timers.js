/** Timers, which a call that waits for no promise cannot have: refused by name instead of not there. */

function refuse(name, instead) {
  return () => {
    throw new Error(`${name} cannot work here: a call does not wait for what comes later; ${instead}`);
  };
}

const SLEEP = 'a workflow waits with sleep() of "@windlass/guest/workflow"';
const AT_ONCE = "do it at once";
const FETCH = 'say engine = "starlingmonkey" in the table [build]';

export const setTimeout = refuse("setTimeout", SLEEP);
export const setInterval = refuse("setInterval", SLEEP);
export const setImmediate = refuse("setImmediate", AT_ONCE);
export const queueMicrotask = refuse("queueMicrotask", AT_ONCE);
export const fetch = refuse("fetch", FETCH);
export const clearTimeout = () => {};
export const clearInterval = () => {};
export const clearImmediate = () => {};
