import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { brierScore, calibrationCurve, expectedCalibrationError } from "../../lib/select/calibration.js";

describe("brierScore", () => {
  test.each([
    { scores: [1, 0], labels: [1, 0] as const, brier: 0 },
    { scores: [0, 1], labels: [1, 0] as const, brier: 1 },
    { scores: [0.5, 0.5, 0.5], labels: [1, 0, 0] as const, brier: 1 / 4 },
    { scores: [0.75, 0.25], labels: [1, 1] as const, brier: (1 / 16 + 9 / 16) / 2 },
  ])("$scores against $labels is $brier", ({ scores, labels, brier }) =>
    expect(brierScore(scores, labels)).toBe(brier),
  );

  test("degenerate input", () => {
    expect(brierScore([], [])).toBeUndefined();
    expect(() => brierScore([0.5, 2], [0, 1])).toThrow("score 1 is 2; it must lie in [0, 1]: pass σ(logit)");
    expect(() => brierScore([NaN], [0])).toThrow("score 0 is NaN");
    expect(() => brierScore([0.5], [0, 1])).toThrow("1 values against 2");
    expect(() => brierScore([0.5], [2 as 1])).toThrow("labels[0] is 2");
  });
});

describe("calibrationCurve", () => {
  const scores = [1, 0, 0.25, 0.5, 0.125, 0.75];
  const labels = [1, 0, 1, 0, 0, 1] as const;

  test("equal width, by hand: bins hold their left edge, the last one also 1, empty ones have no point", () => {
    expect(calibrationCurve(scores, labels, { bins: 4 })).toEqual([
      { low: 0, high: 0.25, count: 2, meanScore: 1 / 16, shareRight: 0 },
      { low: 0.25, high: 0.5, count: 1, meanScore: 0.25, shareRight: 1 },
      { low: 0.5, high: 0.75, count: 1, meanScore: 0.5, shareRight: 0 },
      { low: 0.75, high: 1, count: 2, meanScore: 7 / 8, shareRight: 1 },
    ]);
    expect(calibrationCurve([0.1, 0.9], [0, 1])).toHaveLength(2);
    // (2 · 1/16 + ¾ + ½ + 2 · 1/8) / 6
    expect(expectedCalibrationError(scores, labels, { bins: 4 })).toBeCloseTo(13 / 48, 14);
  });

  test("equal count, by hand; equal scores stay together", () => {
    expect(calibrationCurve(scores, labels, { bins: 3, equal: "count" })).toEqual([
      { low: 0, high: 0.125, count: 2, meanScore: 1 / 16, shareRight: 0 },
      { low: 0.25, high: 0.5, count: 2, meanScore: 3 / 8, shareRight: 1 / 2 },
      { low: 0.75, high: 1, count: 2, meanScore: 7 / 8, shareRight: 1 },
    ]);
    const tied = calibrationCurve([0.5, 0.5, 0.5, 1], [1, 0, 1, 1], { bins: 4, equal: "count" });
    expect(tied.map(({ count, low }) => [low, count])).toEqual([
      [0.5, 3],
      [1, 1],
    ]);
    expect(calibrationCurve([0.2, 0.4], [0, 1], { bins: 10, equal: "count" })).toHaveLength(2);
  });

  test.each(["width", "count"] as const)("equal %s: counts and means add up, order does not matter", (equal) => {
    const draw = random(41);
    const many = Array.from({ length: 500 }, (_, i) => (i % 3 ? draw.next() : draw.integer(5) / 4));
    const own = many.map((p): 0 | 1 => (draw.next() < p ? 1 : 0));
    const curve = calibrationCurve(many, own, { equal });
    const total = (value: (bin: (typeof curve)[number]) => number) => curve.reduce((sum, bin) => sum + value(bin), 0);
    expect(total(({ count }) => count)).toBe(500);
    expect(total(({ count, meanScore }) => count * meanScore)).toBeCloseTo(
      many.reduce((a, b) => a + b),
      9,
    );
    expect(total(({ count, shareRight }) => count * shareRight)).toBeCloseTo(own.filter(Boolean).length, 9);
    curve.forEach(({ low, high, meanScore }) => {
      expect(meanScore).toBeGreaterThanOrEqual(low - 1e-12);
      expect(meanScore).toBeLessThanOrEqual(high + 1e-12);
    });
    const order = draw.shuffle(many.map((_, i) => i));
    const shuffled = calibrationCurve(
      order.map((i) => many[i]),
      order.map((i) => own[i]),
      { equal },
    );
    expect(shuffled.map(({ count, shareRight }) => [count, shareRight])).toEqual(
      curve.map(({ count, shareRight }) => [count, shareRight]),
    );
    // drawn from the scores themselves: calibrated up to noise, and 1 − p is not
    expect(expectedCalibrationError(many, own, { equal })).toBeLessThan(0.08);
    const flipped = many.map((p) => 1 - p);
    expect(expectedCalibrationError(flipped, own, { equal })).toBeGreaterThan(0.3);
  });

  test("degenerate input", () => {
    expect(calibrationCurve([], [])).toEqual([]);
    expect(expectedCalibrationError([], [])).toBeUndefined();
    expect(expectedCalibrationError([1, 1], [1, 1])).toBe(0);
    expect(() => calibrationCurve([0.5], [1], { bins: 0 })).toThrow("bins is 0");
    expect(() => calibrationCurve([0.5], [1], { equal: "size" as "count" })).toThrow('equal is "size"');
    expect(() => calibrationCurve([-0.1], [1])).toThrow("score 0 is -0.1");
  });
});
