/** Every type of WIT, there and back. */

import { TaskError } from "@windlass/guest";

/**
 * @template T
 * @param {T} v
 */
const same = (v) => v;

/** @type {import("test:conformance/echo@0.1.0").Echo} */
export const echo = {
  echoU8: same,
  echoU16: same,
  echoU32: same,
  echoU64: same,
  echoS8: same,
  echoS16: same,
  echoS32: same,
  echoS64: same,
  echoF32: same,
  echoF64: same,
  echoBool: same,
  echoChar: same,
  echoString: same,
  echoBytes: same,
  echoList: same,
  echoLongs: same,
  echoFloats: same,
  echoNames: same,
  echoNestedList: same,
  echoRecords: same,
  echoTuple: same,
  echoOption: same,
  echoNestedOption: same,
  echoRecord: same,
  echoKeywords: same,
  echoVariant: same,
  echoEnum: same,
  echoFlags: same,
  echoManyFlags: same,

  echoResult(v) {
    return [v];
  },

  returnResult(v) {
    if (v.tag === "err") throw new Error(v.val);
    return v.val;
  },

  returnTypedError(v) {
    if (v.tag !== "nothing") throw new TaskError(v);
    return "nothing";
  },

  returnBareResult(ok) {
    if (!ok) throw new Error("without a payload");
  },

  returnOnlyOk(ok) {
    if (!ok) throw new Error("without a payload");
    return "ok";
  },

  returnOnlyErr(ok) {
    if (!ok) throw new Error("err");
  },

  join(firstPart, secondPart, times) {
    return (firstPart + secondPart).repeat(times);
  },

  nothing() {},

  turn(v) {
    const [x, y] = v.position;
    return {
      orderId: BigInt.asUintN(64, v.orderId + 1n),
      lines: v.lines
        .map(({ article, count, price }) => ({ article, count: (count + 1) >>> 0, price: price / 2 }))
        .reverse(),
      note: v.note === undefined ? "none" : `${v.note}!`,
      permissions: {
        read: !v.permissions.read,
        write: !v.permissions.write,
        execute: !v.permissions.execute,
      },
      color: turnedColor(v.color),
      shape: turnedShape(v.shape),
      picture: v.picture.map((byte) => byte ^ 255),
      balance: BigInt.asIntN(64, -v.balance),
      position: [y, Math.fround(x)],
      verdict:
        v.verdict.tag === "ok"
          ? { tag: "err", val: String(v.verdict.val) }
          : { tag: "ok", val: new TextEncoder().encode(v.verdict.val).length },
      initial: "x",
      paid: !v.paid,
    };
  },
};

/** @param {import("test:conformance/echo@0.1.0").Color} color */
function turnedColor(color) {
  /** @type {import("test:conformance/echo@0.1.0").Color[]} */
  const colors = ["red", "green", "light-blue"];
  return colors[(colors.indexOf(color) + 1) % colors.length];
}

/**
 * @param {import("test:conformance/echo@0.1.0").Shape} shape
 * @returns {import("test:conformance/echo@0.1.0").Shape}
 */
function turnedShape(shape) {
  switch (shape.tag) {
    case "circle":
      return { tag: "rectangle", val: [shape.val, shape.val] };
    case "rectangle":
      return { tag: "circle", val: shape.val[0] };
    case "lines":
      return { tag: "lines", val: [...shape.val].reverse() };
    default:
      return shape;
  }
}
