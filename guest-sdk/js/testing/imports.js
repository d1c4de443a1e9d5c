/** Other components, as a test stands in for them. */

const given = new Map();

/** Answers calls of this interface by these functions. */
export function give(id, functions) {
  given.set(plain(id), functions);
}

/** Forgets all of them. */
export function forget() {
  given.clear();
}

/** A call by its type. */
export function call(id, name, args) {
  const answer = given.get(plain(id))?.[name];
  if (!answer) {
    throw new Error(`the test gives no ${name} of ${id}: imports(${JSON.stringify(id)}, { ${name}(…) {} })`);
  }
  return answer(...args);
}

const plain = (id) => id.replace(/@[^@/]*$/, "");
