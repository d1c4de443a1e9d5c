/** Where an error happened, told by the author's files instead of those of the bundle. */

/** `[["tasks.js", 3], null, …]` for each line of the bundle; the bundler puts it in. */
const lines = () => globalThis.__windlass_lines ?? [];

/** Message and stack. */
export function told(error) {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const stack = mapped(String(error.stack ?? "")).trimEnd();
  const head = error.message ? `${error.name}: ${error.message}` : error.name;
  const frames = stack.startsWith(head) ? stack.slice(head.length).trimStart() : stack.trimStart();
  return frames ? `${head}\n    ${frames}` : head;
}

function mapped(stack) {
  const table = lines();
  const kept = [];
  for (const frame of stack.split("\n")) {
    let isOurs = false;
    const line = frame.replace(/[^\s(@]*bundle\.js:(\d+)(:\d+)?/, (place, number) => {
      const known = table[number - 1];
      if (!known) isOurs = true;
      return known ? `${known[0]}:${known[1]}` : place;
    });
    if (!isOurs) kept.push(line);
  }
  return kept.join("\n");
}
