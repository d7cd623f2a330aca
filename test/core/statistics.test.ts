import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { ascending, averageRanks, mean, spearman, std } from "../../lib/core/statistics.js";

test("ranks of equal values are averaged", () => {
  expect(averageRanks([10, 20, 10, 30, 10])).toEqual([2, 4, 2, 5, 2]);
});

describe("spearman", () => {
  test("is 1 − 6Σd²/(n(n² − 1)) without ties", () => {
    const draw = random(2);
    const n = 30;
    const x = Array.from({ length: n }, () => draw.normal());
    const y = x.map((value) => value + draw.normal());
    const [a, b] = [averageRanks(x), averageRanks(y)];
    const d2 = a.reduce((sum, rank, i) => sum + (rank - b[i]) ** 2, 0);
    expect(spearman(x, y)).toBeCloseTo(1 - (6 * d2) / (n * (n * n - 1)), 12);
  });

  test.each([
    { x: [1, 2, 3], y: [10, 100, 1000], rho: 1 },
    { x: [1, 2, 3], y: [3, 2, 1], rho: -1 },
    // ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / √(4.5 · 5)
    { x: [1, 2, 2, 3], y: [1, 2, 3, 4], rho: 4.5 / Math.sqrt(22.5) },
  ])("$x against $y is $rho", ({ x, y, rho }) => expect(spearman(x, y)).toBeCloseTo(rho, 12));

  test("is undefined for a constant, refuses NaN", () => {
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeUndefined();
    expect(spearman([1], [2])).toBeUndefined();
    expect(() => spearman([1, NaN], [1, 2])).toThrow("value 1 is NaN");
  });
});

test("mean and sample standard deviation", () => {
  expect(mean([1, 2, 3, 4])).toBe(2.5);
  expect(std([1, 2, 3, 4])).toBeCloseTo(Math.sqrt(5 / 3), 14);
  expect(std([7])).toBeUndefined();
  expect(() => mean([])).toThrow("at least 1");
  expect(() => std([1, Infinity])).toThrow("value 1 is Infinity");
});

test("ascending is a stable order", () => {
  expect(ascending([2, -Infinity, 1, 2, 0])).toEqual([1, 4, 2, 0, 3]);
  expect(ascending([])).toEqual([]);
});
