import { sampleCorrelation } from "simple-statistics";
import { describe, expect, test } from "vitest";
import { ascendingOf, correlationOf, quantilesOf, ranksOf } from "../../lib/core/order.js";
import { random } from "../../lib/core/random.js";
import { ascending, averageRanks, spearman } from "../../lib/core/statistics.js";

const draw = random("order");
/** With ties, zeros, infinities and numbers of all sizes. */
const awkward = Float32Array.from({ length: 500 }, (_, i) =>
  i % 5 === 0 ? draw.pick([0, 1, -1, Infinity, -Infinity, 1e-45, 3e38]) : draw.normal() * 10 ** draw.integer(20),
);
const plain = Array.from(awkward);

describe("a float32 vector", () => {
  test("is sorted as numbers are, equal values in their order", () => {
    const { order, values } = ascendingOf(awkward);
    expect(Array.from(order)).toEqual(ascending(plain));
    expect(Array.from(values)).toEqual(ascending(plain).map((i) => plain[i]));
  });

  test("has one zero: −0 keeps its place among the others", () => {
    const sorted = ascendingOf(new Float32Array([0, -0, 1, 0]));
    expect([Array.from(sorted.order), Array.from(ranksOf(sorted))]).toEqual([
      [0, 1, 3, 2],
      [2, 2, 4, 2],
    ]);
  });

  test("has average ranks", () => {
    expect(Array.from(ranksOf(ascendingOf(awkward)))).toEqual(averageRanks(plain));
    expect(ranksOf(ascendingOf(new Float32Array()))).toHaveLength(0);
  });

  test("is read where it lies in a larger buffer", () => {
    const part = new Float32Array([9, 3, 1, 2, 9]).subarray(1, 4);
    expect(Array.from(ascendingOf(part).order)).toEqual([1, 2, 0]);
    expect(quantilesOf(part, [0.5])).toEqual([2]);
  });
});

const fractions = [0, 0.05, 0.25, 0.5, 0.6180339887, 0.95, 1];
test.each([
  ["few values", Float32Array.from({ length: 1000 }, () => draw.normal())],
  ["many values", Float32Array.from({ length: 100_003 }, () => draw.normal())],
  ["many values near 1", Float32Array.from({ length: 70_000 }, () => 1 + draw.normal() * 1e-4)],
  ["many alike", new Float32Array(70_000).fill(-1)],
  ["one", new Float32Array([3])],
])("quantiles lie between the neighbours in the sorted vector: %s", (_, values) => {
  const sorted = Array.from(values).sort((a, b) => a - b);
  const expected = fractions.map((fraction) => {
    const at = fraction * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
    return below + (above - below) * (at - Math.floor(at));
  });
  expect(quantilesOf(values, fractions)).toEqual(expected);
});

test("correlation is Pearson's, of ranks Spearman's, and undefined for what is constant", () => {
  const x = Float32Array.from({ length: 300 }, () => Math.round(draw.normal() * 4));
  const y = Array.from(x, (v) => v + draw.normal() * 3);
  expect(correlationOf(x, y)).toBeCloseTo(sampleCorrelation(Array.from(x), y), 12);
  expect(correlationOf(ranksOf(ascendingOf(x)), averageRanks(y))).toBeCloseTo(spearman(Array.from(x), y) as number, 12);
  expect(correlationOf([1, 2, 3], [6, 4, 2])).toBe(-1);
  expect(correlationOf([0.1, 0.1, 0.1], [1, 2, 3])).toBeUndefined();
  expect(correlationOf([1, 2, 3], [5, 5, 5])).toBeUndefined();
  expect(correlationOf([1], [2])).toBeUndefined();
});
