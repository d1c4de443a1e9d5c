/** What the author imports by its type, wrapped as what he exports is. */

import { TaskError } from "./errors.js";
import { needsCall } from "./life.js";
import { at } from "./mistake.js";
import { codec } from "./values.js";

/** The function of another component: `[name, key, [[parameter, type] …], result]`. */
export function imported(types, raw, [name, key, params, result]) {
  const lowers = params.map(([, type]) => codec(types, type).lower);
  const described = typeof result === "number" ? types[result].result : undefined;
  const [ok, err] = described ?? [result, null];
  const lift = lifted(types, ok);
  const liftError = lifted(types, err);
  return (...args) => {
    needsCall(name);
    const given = lowers.map((lower, index) => {
      try {
        return lower(args[index]);
      } catch (mistake) {
        throw at(mistake, `${key}(${params[index][0]})`);
      }
    });
    let value;
    try {
      value = raw(...given);
    } catch (thrown) {
      if (described && thrown && Object.hasOwn(thrown, "payload")) {
        throw new TaskError(liftError(thrown.payload));
      }
      throw thrown;
    }
    return lift(value);
  };
}

function lifted(types, type) {
  return (type !== null && codec(types, type).lift) || ((value) => value);
}
