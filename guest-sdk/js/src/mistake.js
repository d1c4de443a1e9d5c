/** A value that does not fit its type, with its place: `result.lines[2].count: expected u32, got -1`. */

class Mistake extends TypeError {
  constructor(said) {
    super(said);
    this.said = said;
    this.place = "";
  }
}

/** A value was of another type than this. */
export function expected(type, value, isTold = false) {
  return new Mistake(`expected ${type}, got ${isTold ? value : shown(value)}`);
}

/** The mistake, one step further out. */
export function at(mistake, step) {
  if (mistake instanceof Mistake) {
    mistake.place = step + mistake.place;
    mistake.message = `${mistake.place}: ${mistake.said}`;
  }
  return mistake;
}

/** Whether it is one. */
export const isMistake = (thrown) => thrown instanceof Mistake;

/** A value as a message shows it. */
export function shown(value) {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case "bigint":
      return `${value}n`;
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "function":
      return "a function";
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return "an array";
      return value.constructor && value.constructor !== Object ? `a ${value.constructor.name}` : "an object";
    default:
      return String(value);
  }
}
