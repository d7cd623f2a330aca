import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import {
  bestOfK,
  bestOfN,
  oracle,
  passAtK,
  randomChoice,
  selectBest,
  type ScoredPool,
  type Tie,
} from "../../lib/select/bestOfN.js";
import { subsets } from "./enumerate.js";

/** Mean over all k-subsets of the correctness of the best candidate, by enumeration. */
function enumerated({ scores, correct }: ScoredPool, k: number, tie: Tie): number {
  const all = subsets(scores.length, k);
  const value = (subset: number[]) => {
    const top = Math.max(...subset.map((i) => scores[i]));
    const best = subset.filter((i) => scores[i] === top);
    if (tie === "random") return best.filter((i) => correct[i]).length / best.length;
    return correct[tie === "first" ? best[0] : best[best.length - 1]] ? 1 : 0;
  };
  return all.reduce((sum, subset) => sum + value(subset), 0) / all.length;
}

function somePools(seed: number, count: number): ScoredPool[] {
  const draw = random(seed);
  return Array.from({ length: count }, () => {
    const n = 5 + draw.integer(4);
    return {
      scores: Array.from({ length: n }, () => draw.integer(4) / 4),
      correct: Array.from({ length: n }, () => draw.next() < 0.4),
    };
  });
}

describe("selectBest", () => {
  test("ties go to the first, or on request to the last", () => {
    expect(selectBest([1, 3, 2, 3])).toBe(1);
    expect(selectBest([1, 3, 2, 3], { tie: "last" })).toBe(3);
    expect(selectBest([-Infinity, -Infinity])).toBe(0);
  });

  test("refuses NaN, an empty pool and an unknown tie rule", () => {
    expect(() => selectBest([1, NaN])).toThrow("candidate 1 is NaN");
    expect(() => selectBest([])).toThrow("no scores");
    expect(() => selectBest([1], { tie: "best" as "first" })).toThrow('tie is "best"');
  });
});

describe("best-of-k", () => {
  test.each(["first", "last", "random"] as const)("equals the enumeration of all subsets, ties: %s", (tie) => {
    for (const pool of somePools(7, 20)) {
      for (let k = 1; k <= pool.scores.length; k++) {
        expect(bestOfK([pool], k, { tie })).toBeCloseTo(enumerated(pool, k, tie), 12);
      }
    }
  });

  test("k = 1 is the random choice, k = N is best-of-N, over pools of equal size", () => {
    const pools = somePools(8, 40).filter(({ scores }) => scores.length === 6);
    expect(pools.length).toBeGreaterThan(3);
    expect(bestOfK(pools, 1)).toBeCloseTo(randomChoice(pools), 12);
    expect(bestOfK(pools, 6)).toBeCloseTo(bestOfN(pools), 12);
  });

  test("stays exact for large pools, where binomials overflow", () => {
    const n = 2000;
    const scores = Array.from({ length: n }, (_, i) => n - i);
    // only the second best is right: C(n − 2, k − 1) / C(n, k) = k (n − k) / (n (n − 1))
    const correct = scores.map((_, i) => i === 1);
    expect(bestOfK([{ scores, correct }], 700)).toBeCloseTo((700 * 1300) / (n * (n - 1)), 12);
  });

  test("scores that are the correctness reach the oracle", () => {
    const pools = somePools(9, 30).map(({ correct }) => ({ correct, scores: correct.map(Number) }));
    expect(bestOfN(pools)).toBe(oracle(pools));
    expect(bestOfK(pools, 3)).toBeCloseTo(passAtK(pools, 3), 12);
  });
});

test("passAtK equals the enumeration", () => {
  for (const pool of somePools(10, 20)) {
    for (let k = 1; k <= pool.correct.length; k++) {
      const all = subsets(pool.correct.length, k);
      const passed = all.filter((subset) => subset.some((i) => pool.correct[i])).length;
      expect(passAtK([pool], k)).toBeCloseTo(passed / all.length, 12);
    }
  }
});

test("accuracy is divided by the number of questions", () => {
  const pools = [
    { scores: [0.9, 0.1], correct: [true, false] },
    { scores: [0.9, 0.1], correct: [false, true] },
    { scores: [0.5, 0.5], correct: [true, false] },
  ];
  expect(bestOfN(pools)).toBe(2 / 3);
  expect(bestOfN(pools, { tie: "last" })).toBe(1 / 3);
  expect(bestOfN(pools, { tie: "random" })).toBe(0.5);
  expect(oracle(pools)).toBe(1);
  expect(randomChoice(pools)).toBe(0.5);
});

test("errors name the pool", () => {
  const good = { scores: [1, 2], correct: [true, false] };
  expect(() => bestOfN([])).toThrow("no pools");
  expect(() => bestOfN([good, { scores: [], correct: [] }])).toThrow("pool 1 has no candidates");
  expect(() => bestOfN([good, { scores: [1], correct: [true, false] }])).toThrow("pool 1 has 1 scores for 2");
  expect(() => bestOfN([good, { scores: [1, NaN], correct: [true, false] }])).toThrow(
    "pool 1: the score of candidate 1",
  );
  expect(() => bestOfK([good], 3)).toThrow("k is 3, but pool 0 has 2");
  expect(() => bestOfK([good], 1.5)).toThrow("positive integer");
  expect(() => passAtK([good], 0)).toThrow("positive integer");
});
