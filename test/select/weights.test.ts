import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { effectiveSampleSize, evaluateWeights } from "../../lib/select/weights.js";

describe("effectiveSampleSize", () => {
  test.each([
    { weights: [1, 1, 1, 1], size: 4 },
    { weights: [0, 0, 7], size: 1 },
    { weights: [2, 2, 0, 0], size: 2 },
    { weights: [1, 2, 3], size: 36 / 14 },
    { weights: [1e300, 1e300], size: 2 },
    { weights: [1e-300, 1e-300, 0], size: 2 },
  ])("of $weights is $size", ({ weights, size }) => expect(effectiveSampleSize(weights)).toBeCloseTo(size, 12));

  test("does not see the scale and lies between 1 and n", () => {
    const draw = random(51);
    const weights = Array.from({ length: 30 }, () => draw.next());
    const size = effectiveSampleSize(weights)!;
    expect(size).toBeGreaterThan(1);
    expect(size).toBeLessThan(30);
    expect(effectiveSampleSize(weights.map((w) => 17 * w))).toBeCloseTo(size, 10);
  });

  test("is undefined without weight, refuses negative and NaN", () => {
    expect(effectiveSampleSize([])).toBeUndefined();
    expect(effectiveSampleSize([0, 0])).toBeUndefined();
    expect(() => effectiveSampleSize([1, -1])).toThrow("weights[1] is -1");
    expect(() => effectiveSampleSize([NaN])).toThrow("weights[0] is NaN");
  });
});

describe("evaluateWeights", () => {
  test("by hand", () => {
    const found = evaluateWeights([0, 1, 2, 1], { quality: [0.1, 0.5, 0.9, 0.5], labelRight: [0, 1, 1, 0] });
    expect(found.effectiveSampleSize).toBeCloseTo(16 / 6, 14);
    expect(found.effectiveShare).toBeCloseTo(4 / 6, 14);
    expect(found).toMatchObject({ largestShare: 1 / 2, zeroShare: 1 / 4, wrongLabelAuc: 3.5 / 4 });
    expect(found.againstQuality).toBeCloseTo(1, 12);
  });

  test("equal weights say nothing, all the weight on one row is seen", () => {
    expect(evaluateWeights([1, 1], { quality: [0, 1], labelRight: [0, 1] })).toEqual({
      effectiveSampleSize: 2,
      effectiveShare: 1,
      largestShare: 1 / 2,
      zeroShare: 0,
      wrongLabelAuc: 0.5,
    });
    expect(evaluateWeights([0, 0, 3, 0])).toEqual({
      effectiveSampleSize: 1,
      effectiveShare: 1 / 4,
      largestShare: 1,
      zeroShare: 3 / 4,
    });
  });

  test("what is not defined is left out", () => {
    expect(evaluateWeights([])).toEqual({});
    expect(evaluateWeights([0, 0], { labelRight: [1, 1] })).toEqual({ zeroShare: 1 });
    expect(() => evaluateWeights([1], { quality: [1, 2] })).toThrow("1 values against 2");
    expect(() => evaluateWeights([-1, 1])).toThrow("evaluateWeights: weights[0] is -1");
  });
});
