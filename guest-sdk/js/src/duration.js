/** Durations: numbers of milliseconds, or texts such as `"90s"`. */

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** In milliseconds, as the host takes it; `undefined` stays. */
export function ms(value, name, isNeeded = false) {
  if ((value === undefined || value === null) && !isNeeded) return undefined;
  if (typeof value === "bigint" && value >= 0n) return value;
  if (typeof value === "string") {
    const [, number, unit] = /^([0-9]+(?:\.[0-9]+)?) ?(ms|s|m|h|d)$/.exec(value) ?? [];
    if (number) return BigInt(Math.round(number * UNITS[unit]));
  }
  if (Number.isFinite(value) && value >= 0) return BigInt(Math.ceil(value));
  throw new TypeError(
    `${name}: expected milliseconds or a text such as "90s", got ${JSON.stringify(value) ?? value}`,
  );
}
