import { expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { weightedVote } from "../../lib/select/vote.js";
import { subsetVote, voteWinner } from "../../lib/select/voteSubsets.js";
import { subsets } from "./enumerate.js";

function someBallots(seed: number, count: number, candidates: () => number) {
  const draw = random(seed);
  return Array.from({ length: count }, () => {
    const n = candidates();
    return {
      answers: Array.from({ length: n }, () => draw.pick(["A", "B", "C ", undefined, " "])),
      weights: Array.from({ length: n }, () => draw.integer(4) / 4), // ties and zeros
      correct: Array.from({ length: n }, () => draw.next() < 0.5),
    };
  });
}

/** By `weightedVote`; where nobody votes, the first. */
function winnerOf(answers: (string | undefined)[], weights: number[]): number {
  return Math.max(0, weightedVote(answers, weights).candidate);
}

test("the share of right winners equals the enumeration by weightedVote, for every k", () => {
  const vote = subsetVote({ seed: 1 });
  const sizes = random(2);
  for (const { answers, weights, correct } of someBallots(1, 40, () => 1 + sizes.integer(8))) {
    const ks = answers.map((_, i) => i + 1);
    const found = vote({ answers, weights }, correct, ks, "q");
    for (const k of ks) {
      const all = subsets(answers.length, k);
      const of = <T>(values: T[], own: number[]) => own.map((i) => values[i]);
      const right = all.filter((own) => correct[own[winnerOf(of(answers, own), of(weights, own))]]).length;
      expect(found[k - 1]).toEqual({ accuracy: right / all.length, variance: 0 });
    }
    expect(voteWinner({ answers, weights })).toBe(winnerOf(answers, weights));
  }
});

test("drawn subsets agree with the enumeration within their standard error, and are the same every time", () => {
  const ballots = someBallots(5, 30, () => 10);
  const [exact, drawn] = [subsetVote({ seed: 1 }), subsetVote({ seed: 1, limit: 100 })];
  let [deviations, tested] = [0, 0];
  for (const [i, { correct, ...ballot }] of ballots.entries()) {
    const [[truth], [found]] = [exact(ballot, correct, [5], `q${i}`), drawn(ballot, correct, [5], `q${i}`)];
    expect(truth.variance).toBe(0);
    expect(drawn(ballot, correct, [5], `q${i}`)).toEqual([found]);
    if (found.variance === 0) continue;
    deviations += (found.accuracy - truth.accuracy) ** 2 / found.variance;
    tested++;
  }
  expect(tested).toBeGreaterThan(15);
  // a mean of squared standard scores: 1 ± a few times √(2 / tested)
  expect(deviations / tested).toBeGreaterThan(0.3);
  expect(deviations / tested).toBeLessThan(2.2);
});

test("with one candidate or without answers the first is taken", () => {
  const vote = subsetVote({ seed: 1 });
  expect(vote({ answers: [undefined, "A"], weights: [1, 1] }, [true, false], [1, 2], "q")).toEqual([
    { accuracy: 0.5, variance: 0 },
    { accuracy: 0, variance: 0 },
  ]);
  expect(voteWinner({ answers: [undefined, " "], weights: [0, 1] })).toBe(0);
  expect(() => subsetVote({ seed: 1, limit: 0 })).toThrow("limit is 0");
});
