import { describe, expect, test } from "vitest";
import { compareCells } from "../../lib/report/page/columns.js";
import { differing, own } from "../../lib/report/page/differing.js";
import { parseFilter, type Values } from "../../lib/report/page/filter.js";
import { alignedText, numberText, textLike } from "../../lib/report/page/format.js";
import { extentOf, padded, scale } from "../../lib/report/page/scale.js";
import { band, pieces, smoothed } from "../../lib/report/page/series.js";

describe("filter", () => {
  const row: Values = new Map<string, string | number | undefined>([
    ["name", "domain table"],
    ["status", "finished"],
    ["params.lower.learningRate", 0.001],
    ["summary.auc", 0.7],
    ["summary.loss", NaN],
    ["startedAt", "2026-11-21T09:30:00.000Z"],
    ["params.clip", undefined],
  ]);
  const passes = (text: string): boolean => parseFilter(text, [...row.keys()])(row);

  test.each([
    ["", true],
    ["table", true],
    ["TABLE finished", true],
    ["table crashed", false],
    ['"domain table"', true],
    ["-crashed", true],
    ["-table", false],
    ["status=finished", true],
    ["status = FINISHED", true],
    ["status!=finished", false],
    ["-status=finished", false],
    ['name="domain table"', true],
    ["name~tab", true],
    ["auc>0.7", false],
    ["auc>=0.7 auc<=0.7", true],
    ["auc < 1e0", true],
    ["learningRate=1e-3", true],
    ["lower.learningRate<0.001", false],
    ["loss=NaN", true],
    ["loss<1", false],
    ["startedAt>2026-11-21", true],
    ["startedAt>=2026-12", false],
    ["clip<5", false],
    ["clip=5", false],
    ["clip!=5", true],
  ])("%s → %s", (text, expected) => expect(passes(text)).toBe(expected));

  test("names what is wrong", () => {
    expect(() => passes("rate=1")).toThrow("no column “rate”; there is params.lower.learningRate");
    expect(() => passes("auc>high")).toThrow("> needs a number or a date, not “high”");
  });
});

test("only what differs; a missing value differs from every other, also from the text it would be", () => {
  expect(
    differing([
      { a: 1, b: "1", c: true },
      { a: 1, b: 1, d: null },
    ]),
  ).toEqual(["b", "c", "d"]);
  expect(differing([{ a: NaN }, { a: NaN }])).toEqual([]);
  expect(differing([])).toEqual([]);
  expect(differing([{ constructor: 1 }, {}])).toEqual(["constructor"]);
  expect(own({}, "constructor")).toBeUndefined();
});

test("sorting: numbers, NaN, texts; what is missing last either way", () => {
  const values = ["b", 2, undefined, NaN, 10, "a", -Infinity];
  expect(values.slice().sort((a, b) => compareCells(a, b, false))).toEqual([
    -Infinity,
    2,
    10,
    NaN,
    "a",
    "b",
    undefined,
  ]);
  const numbers = [2, undefined, NaN, 10];
  expect(numbers.sort((a, b) => compareCells(a, b, true))).toEqual([10, 2, NaN, undefined]);
});

describe("series", () => {
  test("mean and sample deviation over the steps that all runs logged", () => {
    const runs = [
      [1, 2, null, NaN, 5],
      [3, 4, 5, 6, Infinity],
    ];
    const { steps, mean, std } = band([0, 10, 20, 30, 40], runs);
    expect(steps).toEqual([0, 10, 30, 40]);
    expect(mean).toEqual([2, 3, NaN, NaN]);
    expect(std.slice(0, 2)).toEqual([Math.SQRT2, Math.SQRT2]); // (1² + 1²) / (2 − 1)
    expect(band([1], [[7]])).toEqual({ steps: [1], mean: [7], std: [0] });
  });

  test("a gap where a value cannot be shown; what was not logged is bridged", () => {
    const values = [1, null, 2, NaN, 3, Infinity, 0, 4];
    expect(pieces(values, Number.isFinite)).toEqual([[0, 2], [4], [6, 7]]);
    expect(pieces(values, (value) => value > 0 && value < Infinity)).toEqual([[0, 2], [4], [7]]);
  });

  test("smoothing: a constant stays, the first value is itself, NaN does not spread", () => {
    expect(smoothed([2, 2, NaN, null, 2], 0.9).map((v) => v && Number(v.toFixed(12)))).toEqual([2, 2, NaN, null, 2]);
    // β = ½: m₂ = ½·½·1 + ½·3 = 7/4, over 1 − β² = 3/4
    expect(smoothed([1, 3], 0.5)).toEqual([1, 7 / 3]);
    expect(smoothed([1, 3], 0)).toEqual([1, 3]);
  });
});

describe("scale", () => {
  test("maps the domain's ends and middle; ticks are round and inside", () => {
    const linear = scale([0, 2], [100, 300], "linear");
    expect([0, 1, 2].map(linear.at)).toEqual([100, 200, 300]);
    expect(linear.ticks).toEqual([0, 0.5, 1, 1.5, 2]);
    const log = scale([0.1, 1000], [0, 400], "log");
    expect(log.at(10)).toBeCloseTo(200, 9);
    expect(log.ticks).toEqual([0.1, 1, 10, 100, 1000]);
    expect(scale([3, 30], [0, 200], "log").ticks).toEqual([5, 10, 20]);
  });

  test("a logarithmic scale has no place for what is not above 0", () => {
    expect(extentOf([-1, 0, NaN, 5, Infinity], "log")).toEqual([5, 5]);
    expect(extentOf([-1, 0, NaN, 5, Infinity], "linear")).toEqual([-1, 5]);
    expect(extentOf([NaN], "linear")).toBeUndefined();
    expect(scale([1, 2], [0, 1], "log").shows(0)).toBe(false);
  });

  test("one value alone gets room on both sides", () => {
    for (const [value, kind] of [
      [0, "linear"],
      [-3, "linear"],
      [5, "log"],
    ] as const) {
      const [low, high] = padded([value, value], kind);
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
  });
});

test("numbers as texts", () => {
  expect([0.123456, 12345, -0.5, 1e-7, 2.5e8, NaN, -Infinity, 0].map(numberText)).toEqual([
    "0.1235",
    "12345",
    "−0.5",
    "1e−7",
    "250000000",
    "NaN",
    "−∞",
    "0",
  ]);
  const aligned = alignedText([0.708, 0.7491, NaN]);
  expect([0.708, 0.7491, -1, NaN].map(aligned)).toEqual(["0.7080", "0.7491", "−1.0000", "NaN"]);
  expect([0.74031, 0.0064].map(textLike(0.0064))).toEqual(["0.7403", "0.0064"]);
  expect([120.4, 15.2].map(textLike(15.2))).toEqual(["120", "15"]);
  expect(textLike(null)(0.74031)).toBe("0.7403");
});
