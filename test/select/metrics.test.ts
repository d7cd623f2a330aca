import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { averageRanks, bootstrapInterval, mean, rocAuc, spearman, std } from "../../lib/select/metrics.js";

/** P(positive above negative) + ½ P(equal), by all pairs. */
function aucByPairs(scores: number[], labels: (0 | 1)[]): number {
  let [wins, pairs] = [0, 0];
  for (let i = 0; i < scores.length; i++) {
    for (let j = 0; j < scores.length; j++) {
      if (labels[i] !== 1 || labels[j] !== 0) continue;
      pairs++;
      wins += scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0;
    }
  }
  return wins / pairs;
}

describe("rocAuc", () => {
  test.each([
    { scores: [1, 2, 3, 4], labels: [0, 0, 1, 1] as const, auc: 1 },
    { scores: [4, 3, 2, 1], labels: [0, 0, 1, 1] as const, auc: 0 },
    { scores: [5, 5, 5], labels: [1, 0, 1] as const, auc: 0.5 },
    { scores: [1, 3, 2, 3], labels: [0, 0, 1, 1] as const, auc: 2.5 / 4 },
    { scores: [-Infinity, 0, Infinity], labels: [0, 1, 1] as const, auc: 1 },
  ])("$scores against $labels is $auc", ({ scores, labels, auc }) => {
    expect(rocAuc(scores, labels)).toBe(auc);
  });

  test("equals the count over all pairs, with and without ties", () => {
    const draw = random(1);
    for (let round = 0; round < 50; round++) {
      const n = 2 + draw.integer(60);
      const levels = 1 + draw.integer(20);
      const scores = Array.from({ length: n }, () => (round % 2 ? draw.normal() : draw.integer(levels)));
      const labels = Array.from({ length: n }, (_, i): 0 | 1 => (i < 2 ? (i as 0 | 1) : draw.next() < 0.3 ? 1 : 0));
      expect(rocAuc(scores, labels)).toBeCloseTo(aucByPairs(scores, labels), 12);
    }
  });

  test("is undefined with one class and refuses NaN, foreign labels and unequal lengths", () => {
    expect(rocAuc([1, 2], [1, 1])).toBeUndefined();
    expect(rocAuc([], [])).toBeUndefined();
    expect(() => rocAuc([1, NaN], [0, 1])).toThrow("value 1 is NaN");
    expect(() => rocAuc([1, 2], [0, 2 as 1])).toThrow("labels[1] is 2");
    expect(() => rocAuc([1], [0, 1])).toThrow("1 values against 2");
  });
});

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

describe("mean, std, bootstrapInterval", () => {
  test("mean and sample standard deviation", () => {
    expect(mean([1, 2, 3, 4])).toBe(2.5);
    expect(std([1, 2, 3, 4])).toBeCloseTo(Math.sqrt(5 / 3), 14);
    expect(std([7])).toBeUndefined();
    expect(() => mean([])).toThrow("at least 1");
    expect(() => std([1, Infinity])).toThrow("value 1 is Infinity");
  });

  test("the interval of a large normal sample is mean ± 1.96 s/√n", () => {
    const draw = random(3);
    const values = Array.from({ length: 400 }, () => 5 + 2 * draw.normal());
    const half = (1.96 * std(values)!) / Math.sqrt(values.length);
    const [low, high] = bootstrapInterval(values, { seed: 1 });
    expect(low).toBeCloseTo(mean(values) - half, 1);
    expect(high).toBeCloseTo(mean(values) + half, 1);
    expect((high - low) / (2 * half)).toBeGreaterThan(0.9);
    expect((high - low) / (2 * half)).toBeLessThan(1.1);
  });

  test("same seed, same interval; a higher level is wider", () => {
    const draw = random(11);
    const values = Array.from({ length: 40 }, () => draw.normal());
    expect(bootstrapInterval(values, { seed: 4 })).toEqual(bootstrapInterval(values, { seed: 4 }));
    expect(bootstrapInterval(values, { seed: 4 })).not.toEqual(bootstrapInterval(values, { seed: 5 }));
    const [low, high] = bootstrapInterval(values, { seed: 4, level: 0.5 });
    const [lower, higher] = bootstrapInterval(values, { seed: 4, level: 0.99 });
    expect(lower).toBeLessThan(low);
    expect(higher).toBeGreaterThan(high);
    expect(bootstrapInterval([3, 3, 3], { seed: 1 })).toEqual([3, 3]);
    expect(() => bootstrapInterval(values, { seed: 1, level: 1 })).toThrow("(0, 1)");
  });
});
