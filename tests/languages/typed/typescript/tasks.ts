/** Workflows that call `demo:hello` by its type, one call after the other. */

import * as hello from "demo:hello/tasks@0.1.0";
import type { Typed } from "test:typed/typed@0.1.0";

export const typed: Typed = {
  sum(n) {
    let sum = 0n;
    for (let next = 1n; next <= n; next++) sum = hello.add(sum, next);
    return sum;
  },

  greet(names) {
    return names.map((name) => hello.greet(name));
  },

  fails(message) {
    return hello.fail(message);
  },
};
