import { expect, test } from "vitest";
import { mrScoreParts } from "../../lib/select/mrScore.js";

test("by hand: MCC ⅓, one of two first errors found", () => {
  // solutions predicted right: 2 of 3 right ones, 1 of 3 wrong ones; MCC = (2·2 − 1·1) / √(3·3·3·3) = 1/3
  const predicted = [-1, -1, 0, -1, 1, 2];
  const correct = [true, true, true, false, false, false];
  const labelled = [-1, -1, -1, undefined, 1, 1];
  const parts = mrScoreParts(predicted, labelled, correct);
  expect(parts.solutionMcc).toBeCloseTo(1 / 3, 14);
  expect(parts.errorStepAccuracy).toBe(1 / 2);
  expect(parts.mrScoreWithoutReason).toBeCloseTo(0.4 / 3 + 0.6 / 2, 14);
});

test("a negative MCC counts as 0, a perfect PRM reaches 1", () => {
  const worst = mrScoreParts([0, -1], [-1, 0], [1, 0]);
  expect(worst).toEqual({ solutionMcc: -1, errorStepAccuracy: 0, mrScoreWithoutReason: 0 });
  expect(mrScoreParts([-1, 3], [-1, 3], [1, 0]).mrScoreWithoutReason).toBeCloseTo(1, 14);
});

test("is undefined without wrong solutions or without their labels", () => {
  expect(mrScoreParts([-1], [-1], [1])).toEqual({
    solutionMcc: undefined,
    errorStepAccuracy: undefined,
    mrScoreWithoutReason: undefined,
  });
  expect(mrScoreParts([-1, 0], [-1, -1], [1, 0])).toEqual({
    solutionMcc: 1,
    errorStepAccuracy: undefined,
    mrScoreWithoutReason: undefined,
  });
  expect(() => mrScoreParts([-1], [-1, 0], [1])).toThrow("2 values against 1");
});
