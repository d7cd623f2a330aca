import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { rocAuc } from "../../lib/select/rocAuc.js";

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
