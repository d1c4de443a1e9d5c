/**
 * From a source map to a table of lines that a guest can read: `[files, lines]`, where `files` has a
 * name a line, and `lines` an entry `FILE:LINE` for each line of the bundle, or none if it is not the
 * author's, parted by commas.
 */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** `named` gives a source's name, or null if its lines are not to be told. */
export function lines(map, named) {
  const names = map.sources.map(named);
  let source = 0;
  let line = 0;
  const places = map.mappings.split(";").map((segments) => {
    let first;
    for (const segment of segments.split(",")) {
      const [, ofSource, ofLine] = numbers(segment);
      if (ofSource === undefined) continue;
      source += ofSource;
      line += ofLine;
      first ??= names[source] === null ? "" : `${source}:${line + 1}`;
    }
    return first ?? "";
  });
  return [names.map((name) => name ?? "").join("\n"), places.join(",")];
}

/** The numbers of a segment: base 64, variable length. */
function numbers(segment) {
  const all = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    all.push(value & 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return all;
}
