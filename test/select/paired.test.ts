import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { headroomClosed, pairedDifference, signFlipTest } from "../../lib/select/paired.js";

/** Share of all sign patterns with a sum at least as extreme, by the bits of a counter; whole numbers, so exact. */
function enumerated(differences: number[], twoSided: boolean): number {
  const sumOf = (pattern: number) => differences.reduce((sum, d, i) => sum + (pattern & (1 << i) ? -d : d), 0);
  const size = (sum: number) => (twoSided ? Math.abs(sum) : sum);
  const patterns = Array.from({ length: 2 ** differences.length }, (_, pattern) => pattern);
  return patterns.filter((p) => size(sumOf(p)) >= size(sumOf(0))).length / patterns.length;
}

describe("signFlipTest", () => {
  test.each([
    { differences: [1, 2, 3], p: 2 / 8, greater: 1 / 8 },
    { differences: [-1, -2, -3], p: 2 / 8, greater: 1 },
    // |±1 ±1 ±1| ≥ 1 always
    { differences: [1, 1, -1], p: 1, greater: 4 / 8 },
    { differences: [0.1, 0.2, 0.3], p: 2 / 8, greater: 1 / 8 },
    // .1 + .2 − .3 is 5.6e−17 in floating point, 0 on paper
    { differences: [0.1, 0.2, -0.3], p: 1, greater: 5 / 8 },
    { differences: [0, 0], p: 1, greater: 1 },
    { differences: [5], p: 1, greater: 1 / 2 },
  ])("$differences", ({ differences, p, greater }) => {
    expect(signFlipTest(differences, { seed: 1 })).toEqual({ pValue: p, exact: true });
    expect(signFlipTest(differences, { seed: 1, alternative: "greater" }).pValue).toBe(greater);
  });

  test("equals the enumeration", () => {
    const draw = random(71);
    for (let round = 0; round < 20; round++) {
      const differences = Array.from({ length: 1 + draw.integer(9) }, () => draw.integer(21) - 8);
      expect(signFlipTest(differences, { seed: 1 }).pValue).toBe(enumerated(differences, true));
      const greater = signFlipTest(differences, { seed: 1, alternative: "greater" });
      expect(greater.pValue).toBe(enumerated(differences, false));
      const scaled = differences.map((d) => d * 0.1);
      expect(signFlipTest(scaled, { seed: 1 }).pValue).toBe(enumerated(differences, true));
    }
  });

  test("above 16 values: a seeded sample near the exact value", () => {
    const draw = random(72);
    const differences = Array.from({ length: 17 }, () => draw.integer(21) - 8);
    const sampled = signFlipTest(differences, { seed: 3 });
    expect(sampled.exact).toBe(false);
    const exact = enumerated(differences, true);
    expect(Math.abs(sampled.pValue - exact)).toBeLessThan(4 * Math.sqrt((exact * (1 - exact)) / 10_000) + 1e-4);
    expect(signFlipTest(differences, { seed: 3 })).toEqual(sampled);
    expect(signFlipTest(differences, { seed: 4 })).not.toEqual(sampled);
    const all = Array.from({ length: 40 }, () => 1);
    expect(signFlipTest(all, { seed: 3, patterns: 99 }).pValue).toBe(1 / 100);
  });

  test("is rarely below .05 without a difference", () => {
    const draw = random(73);
    const small = Array.from(
      { length: 1000 },
      () =>
        signFlipTest(
          Array.from({ length: 8 }, () => draw.normal()),
          { seed: 1 },
        ).pValue <= 0.05,
    );
    expect(small.filter(Boolean).length).toBeLessThan(70);
    expect(small.filter(Boolean).length).toBeGreaterThan(25);
  });

  test("degenerate input", () => {
    expect(() => signFlipTest([], { seed: 1 })).toThrow("at least 1");
    expect(() => signFlipTest([NaN], { seed: 1 })).toThrow("value 0 is NaN");
    expect(() => signFlipTest([1], { seed: 1, alternative: "less" as "greater" })).toThrow('alternative is "less"');
    expect(() => signFlipTest([1], { seed: 1, patterns: 0 })).toThrow("patterns is 0");
  });
});

describe("pairedDifference", () => {
  test("what the seeds share cancels", () => {
    const seeds = [0, 100, -50, 20];
    const gain = [1, 2, 3, 2];
    const found = pairedDifference(
      seeds.map((s, i) => s + gain[i]),
      seeds,
      { seed: 1 },
    );
    expect(found).toMatchObject({ differences: gain, mean: 2, signFlip: { pValue: 2 / 16, exact: true } });
    expect(found.std).toBeCloseTo(Math.sqrt(2 / 3), 14);
    const half = (3.1824463052837078 * Math.sqrt(2 / 3)) / 2;
    expect(found.studentT![0]).toBeCloseTo(2 - half, 10);
    expect(found.studentT![1]).toBeCloseTo(2 + half, 10);
    const [low, high] = found.bootstrap;
    expect(low).toBeGreaterThanOrEqual(1);
    expect(high).toBeLessThanOrEqual(3);
    expect(low).toBeLessThan(2);
  });

  test("exchanging the methods turns the sign", () => {
    const [a, b] = [
      [1, 5, 2],
      [0, 1, 3],
    ];
    const [ab, ba] = [pairedDifference(a, b, { seed: 2 }), pairedDifference(b, a, { seed: 2 })];
    expect(ba.mean).toBe(-ab.mean);
    expect(ba.signFlip).toEqual(ab.signFlip);
    expect(ba.bootstrap[0]).toBeCloseTo(-ab.bootstrap[1], 12);
  });

  test("one pair has no spread; unequal lengths and NaN are refused", () => {
    const one = pairedDifference([2], [1], { seed: 1 });
    expect(one).toEqual({ differences: [1], mean: 1, bootstrap: [1, 1], signFlip: { pValue: 1, exact: true } });
    expect(() => pairedDifference([1, 2], [1], { seed: 1 })).toThrow("2 values against 1");
    expect(() => pairedDifference([1], [NaN], { seed: 1 })).toThrow("value 0 is NaN");
    expect(() => pairedDifference([], [], { seed: 1 })).toThrow("at least 1");
  });
});

describe("headroomClosed", () => {
  test("by hand: seed by seed, and of the means", () => {
    const { bySeed, ofMeans } = headroomClosed([0.75, 0.5, 1.25], [0.5, 0.5, 0.5], [1, 0.75, 1]);
    expect(bySeed).toEqual([1 / 2, 0, 3 / 2]);
    expect(ofMeans).toBeCloseTo((2.5 - 1.5) / (2.75 - 1.5), 14);
  });

  test("vanilla closes none, clean closes all", () => {
    const [vanilla, clean] = [
      [0.585, 0.574, 0.558],
      [0.773, 0.782, 0.771],
    ];
    expect(headroomClosed(vanilla, vanilla, clean)).toEqual({ bySeed: [0, 0, 0], ofMeans: 0 });
    expect(headroomClosed(clean, vanilla, clean)).toEqual({ bySeed: [1, 1, 1], ofMeans: 1 });
  });

  test("is undefined where clean labels do not help", () => {
    const { bySeed, ofMeans } = headroomClosed([2, 2, 2], [1, 1, 1], [1, 0, 5]);
    expect(bySeed).toEqual([undefined, undefined, 1 / 4]);
    expect(ofMeans).toBe(1);
    expect(headroomClosed([2], [1], [1]).ofMeans).toBeUndefined();
    expect(() => headroomClosed([1], [1, 2], [1])).toThrow("method and vanilla: 1 values against 2");
    expect(() => headroomClosed([], [], [])).toThrow("at least 1");
    expect(() => headroomClosed([1], [NaN], [1])).toThrow("value 0 is NaN");
  });
});
