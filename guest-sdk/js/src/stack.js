/** Where an error happened, told by the author's files instead of those of the bundle. */

/** File and line for each line of the bundle: text, which takes little room until it is asked for. */
function places() {
  const [files, lines] = globalThis.__windlass_lines ?? ["", ""];
  const names = files.split("\n");
  return lines.split(",").map((place) => {
    const [file, line] = place.split(":");
    return line ? `${names[file]}:${line}` : undefined;
  });
}

/** Message and stack. */
export function told(error) {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const stack = mapped(String(error.stack ?? "")).trimEnd();
  const head = error.message ? `${error.name}: ${error.message}` : error.name;
  const frames = stack.startsWith(head) ? stack.slice(head.length).trimStart() : stack.trimStart();
  return frames ? `${head}\n    ${frames}` : head;
}

function mapped(stack) {
  const table = places();
  const kept = [];
  for (const frame of stack.split("\n")) {
    // The bindings' own frame, where an engine shows it.
    let isOurs = frame.includes("initializer.js:");
    const line = frame.replace(/[^\s(@]*bundle\.js:(\d+)(:\d+)?/, (place, number) => {
      const known = table[number - 1];
      if (!known) isOurs = true;
      return known ?? place;
    });
    if (!isOurs) kept.push(line);
  }
  return kept.join("\n");
}
