import assert from "node:assert/strict";
import { test } from "node:test";

import { ArgumentsError, TaskFailed, TypedTask, ValueError, codec } from "../src/index.js";

interface Line {
  itemName: string;
  note?: string;
}

type Shape = { tag: "circle"; val: number } | { tag: "light-blue" };

const line = codec.record<Line>({
  itemName: ["item-name", codec.string],
  note: ["note", codec.option(codec.string)],
});
const shape = codec.variant<Shape>({ circle: codec.f64, "light-blue": null });
const permissions = codec.flags<{ read?: boolean; writeAll?: boolean }>({ read: "read", writeAll: "write-all" });

/** Values, and their JSON. */
const PAIRS: [codec.Codec<never>, unknown, unknown][] = [
  [codec.u64 as never, 18446744073709551615n, 18446744073709551615n],
  [codec.f64 as never, Infinity, Infinity],
  [codec.bytes as never, new Uint8Array([1, 2, 255]), "AQL/"],
  [line as never, { itemName: "rope" }, { "item-name": "rope", note: null }],
  [shape as never, { tag: "circle", val: 1.5 }, { circle: 1.5 }],
  [shape as never, { tag: "light-blue" }, "light-blue"],
  [permissions as never, { writeAll: true }, ["write-all"]],
  [codec.oneOf("red", "green") as never, "red", "red"],
  [codec.tuple<[number, string]>(codec.u8, codec.char) as never, [1, "é"], [1, "é"]],
  [codec.nestedOption(codec.option(codec.u8)) as never, { tag: "none" }, null],
  [codec.nestedOption(codec.option(codec.u8)) as never, { tag: "some", val: undefined }, { some: null }],
  [codec.result(codec.nothing, codec.string) as never, { tag: "ok", val: undefined }, { ok: null }],
  [codec.result(codec.nothing, codec.string) as never, { tag: "err", val: "x" }, { err: "x" }],
  [codec.stringMap(codec.s8) as never, new Map([["__proto__", -1]]), JSON.parse('{"__proto__":-1}')],
  [codec.map(codec.s64, codec.bool) as never, new Map([[5n, true]]), [[5n, true]]],
];

test("every kind of type becomes its JSON and comes back", () => {
  for (const [one, value, json] of PAIRS) {
    assert.deepEqual(one.encode(value as never), json);
    assert.deepEqual(one.decode(json as never), value);
  }
});

test("numbers that JSON has in another form are read as what they are", () => {
  assert.equal(codec.s64.decode(-7), -7n);
  assert.ok(Number.isNaN(codec.f32.decode("NaN")));
  assert.equal(codec.f64.decode(-9223372036854775808n), -9223372036854775808);
});

test("a value of another type is refused with its place, in both directions", () => {
  const task = new TypedTask<[Line[], bigint], Shape>(
    "shop/buy",
    [
      ["lines", codec.list(line)],
      ["total", codec.u64],
    ],
    shape,
  );
  const buy = (lines: unknown, total: unknown) => () => task.call([lines, total] as never);

  const refused = (place: string, reason: string) => (error: unknown) =>
    error instanceof ArgumentsError && error.message === `${place}: ${reason}`;
  assert.throws(buy([{ itemName: 7 }], 1n), refused("lines[0].itemName", "expected a string, got 7"));
  assert.throws(buy([], -1n), refused("total", "expected u64, got -1n"));
  assert.throws(buy([], 2 ** 53), refused("total", "expected u64, got 9007199254740992"));
  assert.throws(buy(new Set(), 1n), refused("lines", "expected an array, got a Set"));
  assert.throws(
    () => task.result({ circle: "round" }),
    (error) => error instanceof ValueError && error.message === 'result.circle: expected f64, got "round"',
  );
});

test("a tag, a flag or a name that there is not is refused", () => {
  assert.throws(() => shape.encode({ tag: "square" } as never), /expected a tag out of circle, light-blue/);
  assert.throws(() => shape.decode("circle"), /expected one of circle, light-blue/);
  assert.throws(() => permissions.encode({ "write-all": true } as never), /expected one of read, writeAll/);
  assert.throws(() => permissions.encode(new Set(["read"]) as never), /got a Set/);
  assert.throws(() => codec.oneOf("a").decode("b"), /expected one of a, got "b"/);
});

test("the payload of a failure has its type, and other errors have none", () => {
  const task = new TypedTask("a/b", [], codec.nothing, shape);
  const failed = (kind: "guest" | "trap"): TaskFailed =>
    new TaskFailed("id", "a/b", { kind, message: "", payload: { circle: 2 } });

  assert.deepEqual(task.payload(failed("guest")), { tag: "circle", val: 2 });
  assert.equal(task.payload(failed("trap")), undefined);
  assert.equal(task.payload(new Error("other")), undefined);
});
