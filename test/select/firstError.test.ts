import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import {
  chooseFirstErrorThreshold,
  type FirstErrorSample,
  firstErrorScore,
  labelledFirstError,
  predictedFirstError,
} from "../../lib/select/firstError.js";

test("the predicted first error is the first step below the threshold; a step on it is right", () => {
  expect(predictedFirstError([0.9, 0.5, 0.3, 0.1], 0.5)).toBe(2);
  expect(predictedFirstError([0.9, 0.5], 0.5)).toBe(-1);
  expect(predictedFirstError([0.9], Infinity)).toBe(0);
  expect(() => predictedFirstError([0.9, NaN], 0.5)).toThrow("value 1 is NaN");
  expect(() => predictedFirstError([0.9], NaN)).toThrow("threshold");
});

test.each([
  { labels: [1, 1, 0, 1], first: 2 },
  { labels: [1, 0, null], first: 1 },
  { labels: [1, 1], first: -1 },
  { labels: [1, null, 0], first: undefined },
  { labels: [null], first: undefined },
  { labels: [], first: undefined },
] as { labels: (0 | 1 | null)[]; first: number | undefined }[])("first error of $labels is $first", (row) => {
  expect(labelledFirstError(row.labels)).toBe(row.first);
});

describe("firstErrorScore", () => {
  test("by hand: 2 of 3 errors found, 1 of 2 clean solutions passed", () => {
    // F1 = 2 · ⅔ · ½ / (⅔ + ½) = 4/7
    const score = firstErrorScore([0, 2, 1, -1, 3], [0, 2, 3, -1, -1]);
    expect(score.erroneousAccuracy).toBe(2 / 3);
    expect(score.correctAccuracy).toBe(1 / 2);
    expect(score.f1).toBeCloseTo(4 / 7, 14);
  });

  test("0/0 is 0, a missing class undefined", () => {
    expect(firstErrorScore([1, 0], [0, -1])).toEqual({ f1: 0, erroneousAccuracy: 0, correctAccuracy: 0 });
    expect(firstErrorScore([-1], [-1])).toEqual({ f1: undefined, erroneousAccuracy: undefined, correctAccuracy: 1 });
    expect(firstErrorScore([0], [1])).toMatchObject({ f1: undefined, correctAccuracy: undefined });
    expect(firstErrorScore([], []).f1).toBeUndefined();
    expect(() => firstErrorScore([0], [0, 1])).toThrow("1 values against 2");
    expect(() => firstErrorScore([0.5], [0])).toThrow("predicted[0] is 0.5");
    expect(() => firstErrorScore([0], [-2])).toThrow("labelled[0] is -2");
  });
});

describe("chooseFirstErrorThreshold", () => {
  const f1At = (samples: readonly FirstErrorSample[], threshold: number) =>
    firstErrorScore(
      samples.map(({ scores }) => predictedFirstError(scores, threshold)),
      samples.map(({ firstError }) => firstError),
    ).f1;

  test("by hand", () => {
    const samples = [
      { scores: [0.9, 0.2, 0.1], firstError: 1 }, // found while .2 < t ≤ .9
      { scores: [0.8, 0.6], firstError: -1 }, // passed while t ≤ .6
    ];
    expect(chooseFirstErrorThreshold(samples)).toEqual({ threshold: 0.4, value: 1 });
  });

  test("equals the best over all thresholds by brute force, with and without ties", () => {
    const draw = random(31);
    for (let round = 0; round < 80; round++) {
      const samples = Array.from({ length: 2 + draw.integer(12) }, (_, n) => {
        const steps = 1 + draw.integer(5);
        return {
          scores: Array.from({ length: steps }, () => (round % 2 ? draw.next() : draw.integer(4) / 3)),
          firstError: n === 0 ? -1 : n === 1 ? 0 : draw.integer(steps + 1) - 1,
        };
      });
      const cuts = [...samples.flatMap(({ scores }) => scores), Infinity];
      const best = Math.max(...cuts.map((cut) => f1At(samples, cut)!));
      const chosen = chooseFirstErrorThreshold(samples)!;
      expect(chosen.value).toBeCloseTo(best, 14);
      expect(f1At(samples, chosen.threshold)).toBeCloseTo(chosen.value, 14);
      expect(chooseFirstErrorThreshold(draw.shuffle(samples))).toEqual(chosen);
    }
  });

  test("is undefined with one class, refuses impossible samples", () => {
    expect(chooseFirstErrorThreshold([{ scores: [1], firstError: -1 }])).toBeUndefined();
    expect(chooseFirstErrorThreshold([{ scores: [1], firstError: 0 }])).toBeUndefined();
    expect(chooseFirstErrorThreshold([])).toBeUndefined();
    expect(() => chooseFirstErrorThreshold([{ scores: [1], firstError: 1 }])).toThrow("first error 1 in 1 steps");
    expect(() => chooseFirstErrorThreshold([{ scores: [], firstError: -1 }])).toThrow("sample 0: needs at least 1");
    expect(() => chooseFirstErrorThreshold([{ scores: [NaN], firstError: 0 }])).toThrow("value 0 is NaN");
  });
});
