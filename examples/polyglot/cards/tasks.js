// The JavaScript part: draws what was counted.

/** @type {import("demo:cards/drawing@0.1.0").Drawing} */
export const drawing = {
  draw(title, bars) {
    const width = Math.max(...bars.map((bar) => bar.label.length));
    const lines = bars.map(({ label, count }) => `${label.padEnd(width)} ${"█".repeat(count)} ${count}`);
    return [title, ...lines].join("\n");
  },
};
