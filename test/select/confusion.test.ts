import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import {
  accuracy,
  type Confusion,
  confusionAt,
  confusionOf,
  f1,
  matthews,
  negated,
  precision,
  prmScore,
  recall,
} from "../../lib/select/confusion.js";

const counts = (tp: number, fp: number, tn: number, fn: number): Confusion => ({
  truePositive: tp,
  falsePositive: fp,
  trueNegative: tn,
  falseNegative: fn,
});

describe("by hand, TP 6, FP 2, TN 3, FN 1", () => {
  const c = counts(6, 2, 3, 1);
  test.each([
    ["accuracy", accuracy(c), 9 / 12],
    ["precision", precision(c), 6 / 8],
    ["recall", recall(c), 6 / 7],
    ["F1", f1(c), 12 / 15],
    ["F1 of the wrong steps", f1(negated(c)), 6 / 9],
    ["PRMScore", prmScore(c), (12 / 15 + 6 / 9) / 2],
    ["MCC", matthews(c), (6 * 3 - 2 * 1) / Math.sqrt(8 * 7 * 5 * 4)],
  ])("%s", (_, value, expected) => expect(value).toBeCloseTo(expected, 14));
});

test("counts at a threshold: a score on it is positive", () => {
  const scores = [0.2, 0.5, 0.5, 0.9, -Infinity, Infinity];
  const labels = [0, 1, 0, 1, 1, 0] as const;
  expect(confusionAt(0.5, scores, labels)).toEqual(counts(2, 2, 1, 1));
  expect(confusionAt(-Infinity, scores, labels)).toEqual(counts(3, 3, 0, 0));
  expect(confusionAt(1, scores, labels)).toEqual(counts(0, 1, 2, 3));
  expect(confusionOf([true, false], [1, true])).toEqual(counts(1, 0, 0, 1));
});

describe("0/0", () => {
  test("nothing predicted is 0 where there was something to find", () => {
    const nothing = counts(0, 0, 3, 2);
    expect([precision(nothing), recall(nothing), f1(nothing), matthews(nothing)]).toEqual([0, 0, 0, 0]);
    expect(prmScore(nothing)).toBeCloseTo((0 + 6 / 8) / 2, 14);
  });

  test.each([counts(0, 0, 4, 0), counts(0, 1, 3, 0)])("without positives undefined, whatever is predicted: %o", (c) => {
    expect([precision(c), recall(c), f1(c), prmScore(c), matthews(c)]).toEqual(Array(5).fill(undefined));
    expect(prmScore(negated(c))).toBeUndefined();
    expect(accuracy(c)).toBe(c.falsePositive ? 3 / 4 : 1);
  });

  test("nothing at all", () => expect(accuracy(confusionOf([], []))).toBeUndefined());
});

test("MCC is Pearson's correlation, 1 and −1 at the ends, and keeps under an exchange of the classes", () => {
  expect(matthews(counts(3, 0, 4, 0))).toBe(1);
  expect(matthews(counts(0, 4, 0, 3))).toBe(-1);
  const draw = random(5);
  for (let round = 0; round < 30; round++) {
    const labels = Array.from({ length: 40 }, () => draw.integer(2) as 0 | 1);
    const predicted = labels.map((label) => (draw.next() < 0.3 ? ((1 - label) as 0 | 1) : label));
    const mean = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / v.length;
    const [x, y] = [mean(predicted), mean(labels)];
    const cov = (a: readonly number[], b: readonly number[]) => mean(a.map((v, i) => v * b[i])) - mean(a) * mean(b);
    const pearson = cov(predicted, labels) / Math.sqrt(x * (1 - x) * y * (1 - y));
    const confusion = confusionOf(predicted, labels);
    expect(matthews(confusion)).toBeCloseTo(pearson, 12);
    expect(matthews(negated(confusion))).toBeCloseTo(pearson, 12);
    expect(prmScore(negated(confusion))).toBeCloseTo(prmScore(confusion)!, 14);
  }
  expect(matthews(counts(5e7, 1e7, 5e7, 1e7))).toBeCloseTo(2 / 3, 12);
});

test("NaN, foreign labels and unequal lengths are refused", () => {
  expect(() => confusionAt(0.5, [NaN], [1])).toThrow("value 0 is NaN");
  expect(() => confusionAt(NaN, [1], [1])).toThrow("threshold: value 0 is NaN");
  expect(() => confusionAt(0.5, [1], [2 as 1])).toThrow("labels[0] is 2");
  expect(() => confusionAt(0.5, [1, 2], [1])).toThrow("2 values against 1");
});
