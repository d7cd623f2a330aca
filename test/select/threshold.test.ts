import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { accuracy, confusionAt, f1, prmScore } from "../../lib/select/confusion.js";
import { chooseThreshold } from "../../lib/select/threshold.js";

describe("chooseThreshold", () => {
  test("cuts in the middle between the scores that it parts", () => {
    expect(chooseThreshold([0.1, 0.2, 0.6, 0.9], [0, 0, 1, 1], accuracy)).toEqual({ threshold: 0.4, value: 1 });
  });

  test("of equal values the lowest; ±∞ accept everything or nothing", () => {
    // right of 4: −∞ 2, 1½ 1, 2½ 2, 3½ 1, +∞ 2
    expect(chooseThreshold([1, 2, 3, 4], [1, 0, 1, 0], accuracy)).toEqual({ threshold: -Infinity, value: 0.5 });
    expect(chooseThreshold([1, 2, 3], [0, 0, 0], accuracy)).toEqual({ threshold: Infinity, value: 1 });
    expect(chooseThreshold([2, 2, 2], [1, 1, 0], f1)).toEqual({ threshold: -Infinity, value: 4 / 5 });
  });

  test.each([
    ["accuracy", accuracy],
    ["F1", f1],
    ["PRMScore", prmScore],
  ])("%s: equals the best of all cuts by brute force, and reaches it at the threshold", (_, criterion) => {
    const draw = random(21);
    for (let round = 0; round < 60; round++) {
      const n = 2 + draw.integer(25);
      const scores = Array.from({ length: n }, () => (round % 2 ? draw.next() : draw.integer(6) / 5));
      const labels = Array.from({ length: n }, (_, i): 0 | 1 => (i < 2 ? (i as 0 | 1) : draw.next() < 0.6 ? 1 : 0));
      const cuts = [...scores, Infinity];
      const best = Math.max(...cuts.map((cut) => criterion(confusionAt(cut, scores, labels))!));
      const chosen = chooseThreshold(scores, labels, criterion)!;
      expect(chosen.value).toBeCloseTo(best, 14);
      expect(criterion(confusionAt(chosen.threshold, scores, labels))).toBe(chosen.value);
      const order = draw.shuffle(scores.map((_, i) => i));
      const shuffled = chooseThreshold(
        order.map((i) => scores[i]),
        order.map((i) => labels[i]),
        criterion,
      );
      expect(shuffled).toEqual(chosen);
    }
  });

  test("parts neighbours that have no number between them", () => {
    const next = 1 + Number.EPSILON;
    const { threshold } = chooseThreshold([1, next], [0, 1], accuracy)!;
    expect(threshold).toBe(next);
  });

  test("is undefined where the criterion is, and refuses what cannot be cut", () => {
    expect(chooseThreshold([1, 2], [0, 0], f1)).toBeUndefined();
    expect(chooseThreshold([], [], accuracy)).toBeUndefined();
    expect(() => chooseThreshold([1, NaN], [0, 1], f1)).toThrow("value 1 is NaN");
    expect(() => chooseThreshold([1, Infinity], [0, 1], f1)).toThrow("value 1 is Infinity");
    expect(() => chooseThreshold([1], [0, 1], f1)).toThrow("1 values against 2");
    expect(() => chooseThreshold([1], [3 as 1], f1)).toThrow("labels[0] is 3");
  });
});
