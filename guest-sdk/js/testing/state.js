/** What the stand-ins know, shared by all of them. */

function fresh() {
  return {
    invocation: { id: "test", namespace: "default", queue: "tests", task: "test", attempt: 1 },
    log: [],
    progress: undefined,
    tasks: new Map(),
    invocations: new Map(),
    messages: new Map(),
    published: new Map(),
    /** The clock of workflows, in milliseconds since 1970: it stands still but for sleeping. */
    now: 1_700_000_000_000,
    count: 0,
  };
}

export const state = fresh();

/** As in the beginning. */
export function reset() {
  Object.assign(state, fresh());
}
