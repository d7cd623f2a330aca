import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { flatten, parse, plain, stringify } from "../../lib/tracker/plain.js";

describe("plain", () => {
  test("copies, with typed arrays as arrays and undefined left out", () => {
    const value = { a: [1, { b: null }], f: new Float32Array([0.5, 2]), d: new Date(0), gone: undefined };
    const copied = plain(value, "params");
    expect(copied).toEqual({ a: [1, { b: null }], f: [0.5, 2], d: "1970-01-01T00:00:00.000Z" });
    expect((copied as { a: unknown }).a).not.toBe(value.a);
    expect(Object.keys(copied as object)).not.toContain("gone");
  });

  test("takes objects of another realm, as a notebook kernel makes them", () => {
    expect(plain(runInNewContext("({ a: [1, { b: 2 }] })"), "params")).toEqual({ a: [1, { b: 2 }] });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic.self = { cyclic };
  test.each([
    ["function", { model: { act: Math.tanh } }, /params\.model\.act is a function/],
    ["bigint", { n: [1, 2n] }, /params\.n\[1\] is a bigint/],
    ["map", { m: new Map() }, /params\.m is an instance of Map/],
    ["cycle", cyclic, /params\.self\.cyclic is a cycle/],
  ])("refuses a %s by its path", (_what, value, message) => {
    expect(() => plain(value, "params")).toThrow(message);
  });
});

test("NaN, infinities and texts that look like them survive JSON", () => {
  const value = { a: NaN, b: [Infinity, -Infinity, 0.1], c: "NaN", d: "\\NaN", e: "-Infinity", f: "Infinity war" };
  const text = stringify(value);
  expect(JSON.parse(text)).toMatchObject({ a: "NaN", b: ["Infinity", "-Infinity", 0.1], f: "Infinity war" });
  expect(parse(text)).toEqual(value);
});

test("flatten names leaves by dotted paths and keeps arrays whole", () => {
  expect(flatten({ a: { b: 1, c: { d: [1, 2] } }, e: "x" })).toEqual({ "a.b": 1, "a.c.d": [1, 2], e: "x" });
});
