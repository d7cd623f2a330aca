import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { mean, std } from "../../lib/core/statistics.js";
import { aggregatedKey, aggregatedScore } from "../../lib/select/aggregateScores.js";
import { bestOfK, passAtK } from "../../lib/select/bestOfN.js";
import { byGenerator, type ScoredQuestion } from "../../lib/select/candidates.js";
import { evaluatePools } from "../../lib/select/evaluatePools.js";
import { mcNemar } from "../../lib/select/mcNemar.js";
import { baselineSelectors, oracleSelector, outcomeSelector, rewardSelectors } from "../../lib/select/selectors.js";
import { weightedVote } from "../../lib/select/vote.js";
import { subsets } from "./enumerate.js";

/** Pools of 3 to 6 candidates with tied scores, missing answers and missing generators. */
function someQuestions(seed: number, count: number, runs = 1): ScoredQuestion[] {
  const draw = random(seed);
  return Array.from({ length: count }, (_, q) => {
    const candidates = Array.from({ length: 3 + draw.integer(4) }, () => ({
      correct: draw.next() < 0.4,
      answer: draw.pick(["A", "B", "C"]),
      generator: q < 10 ? "early" : draw.pick(["early", "late"]),
      outcomeScore: draw.next(),
    }));
    const steps = () => Array.from({ length: 1 + draw.integer(3) }, () => draw.integer(4) / 4);
    const scores = { PRM: Array.from({ length: runs }, () => candidates.map(steps)) };
    return { questionId: `q${q}`, subset: draw.pick(["one", "two"]), candidates, scores };
  });
}

const seed = 1;
const selectors = [
  ...baselineSelectors({ seed }),
  outcomeSelector({ seed }),
  ...rewardSelectors("PRM", { seed, main: "min" }),
  oracleSelector,
];
const questions = someQuestions(1, 60);
const evaluation = await evaluatePools(questions, { selectors, seed, resamples: 200 });
const named = (name: string) => {
  const found = evaluation.selectors.find((selector) => selector.name === name);
  if (found === undefined) throw new Error(`no ${name} among ${evaluation.selectors.map((s) => s.name).join("; ")}`);
  return found;
};
const accuracy = (of: (q: ScoredQuestion) => number, from = questions) => mean(from.map(of));
const correctOf = ({ candidates }: ScoredQuestion) => candidates.map(({ correct }) => correct);
const prmScores = (q: ScoredQuestion) => q.scores.PRM[0].map((p) => aggregatedKey("min", p));
const withAtLeast = (k: number) => questions.filter(({ candidates }) => candidates.length >= k);

describe("accuracies equal brute force", () => {
  test("the k are powers of two and the largest pool, each over the questions that have so many", () => {
    expect(evaluation.ks).toEqual([1, 2, 4, 6].map((k) => ({ k, questions: withAtLeast(k).length })));
  });

  test("best-of-N and best-of-k by an aggregation", () => {
    const pools = (from: ScoredQuestion[]) => from.map((q) => ({ scores: prmScores(q), correct: correctOf(q) }));
    const { curve, ...all } = named("PRM, min");
    expect(all.mean).toBeCloseTo(
      accuracy((q) => bestOfK(pools([q]), q.candidates.length)),
      12,
    );
    for (const [i, { k }] of evaluation.ks.entries()) {
      expect(curve?.[i].mean).toBeCloseTo(bestOfK(pools(withAtLeast(k)), k), 12);
    }
    for (const subset of ["one", "two"]) {
      const own = questions.filter((q) => q.subset === subset);
      expect(all.bySubset[subset].mean).toBeCloseTo(
        accuracy((q) => bestOfK(pools([q]), q.candidates.length), own),
        12,
      );
    }
  });

  test("votes, plain and weighted", () => {
    const share = (q: ScoredQuestion, k: number, weights: number[]) => {
      const all = subsets(q.candidates.length, k);
      const right = all.filter((own) => {
        const { candidate } = weightedVote(
          own.map((i) => q.candidates[i].answer),
          own.map((i) => weights[i]),
        );
        return q.candidates[own[candidate]].correct;
      });
      return right.length / all.length;
    };
    for (const [i, { k }] of evaluation.ks.entries()) {
      const ones = accuracy((q) => share(q, k, Array<number>(9).fill(1)), withAtLeast(k));
      expect(named("majority").curve?.[i].mean).toBeCloseTo(ones, 12);
      const byScore = accuracy(
        (q) =>
          share(
            q,
            k,
            q.scores.PRM[0].map((p) => aggregatedScore("min", p)),
          ),
        withAtLeast(k),
      );
      expect(named("PRM, vote by min").curve?.[i].mean).toBeCloseTo(byScore, 12);
    }
  });

  test("oracle, random, place, number of steps and outcome scores", () => {
    for (const [i, { k }] of evaluation.ks.entries()) {
      const correct = withAtLeast(k).map((q) => ({ correct: correctOf(q) }));
      expect(named("oracle").curve?.[i].mean).toBeCloseTo(passAtK(correct, k), 12);
    }
    expect(named("random").mean).toBeCloseTo(
      accuracy((q) => mean(correctOf(q).map(Number))),
      12,
    );
    const right = (choose: (q: ScoredQuestion) => number) => accuracy((q) => Number(q.candidates[choose(q)].correct));
    expect(named("first candidate").mean).toBeCloseTo(
      right(() => 0),
      12,
    );
    const fewest = (q: ScoredQuestion) => {
      const steps = q.scores.PRM[0].map(({ length }) => length);
      return steps.indexOf(Math.min(...steps));
    };
    expect(named("fewest steps").mean).toBeCloseTo(right(fewest), 12);
    const best = (q: ScoredQuestion) => {
      const scores = q.candidates.map(({ outcomeScore }) => outcomeScore ?? NaN);
      return scores.indexOf(Math.max(...scores));
    };
    expect(named("ORM").mean).toBeCloseTo(right(best), 12);
  });

  test("the best generator, with a random candidate where it has none", () => {
    const of = (generator: string) =>
      accuracy(({ candidates }) => {
        const own = candidates.filter((c) => c.generator === generator);
        return mean((own.length > 0 ? own : candidates).map(({ correct }) => Number(correct)));
      });
    expect(Object.keys(evaluation.generators)).toEqual(["early", "late"]);
    for (const name of ["early", "late"]) expect(evaluation.generators[name].mean).toBeCloseTo(of(name), 12);
    const best = of("late") > of("early") ? "late" : "early";
    expect(named(`best generator (${best})`)).toMatchObject({ kind: "baseline", ...evaluation.generators[best] });
  });

  test("comparison with the majority: mean difference, and McNemar on the questions that only one gets right", () => {
    const majority = (q: ScoredQuestion) =>
      weightedVote(
        q.candidates.map(({ answer }) => answer),
        q.candidates.map(() => 1),
      ).candidate;
    const pairs = questions.map((q) => ({
      prm: q.candidates[prmScores(q).indexOf(Math.max(...prmScores(q)))].correct,
      vote: q.candidates[majority(q)].correct,
    }));
    const { comparison } = named("PRM, min");
    expect(comparison?.mcNemar).toEqual(
      mcNemar(
        pairs.filter(({ prm, vote }) => prm && !vote).length,
        pairs.filter(({ prm, vote }) => vote && !prm).length,
      ),
    );
    expect(comparison?.difference.mean).toBeCloseTo(named("PRM, min").mean - named("majority").mean, 12);
    expect(named("majority").comparison).toBeUndefined();
    expect(named("random").comparison?.mcNemar).toBeUndefined();
  });
});

test("several runs of a model are averaged question by question, with their spread", async () => {
  const several = someQuestions(2, 30, 3);
  const only = (r: number) => several.map((q) => ({ ...q, scores: { PRM: [q.scores.PRM[r]] } }));
  const options = { selectors, seed, resamples: 10 };
  const meanOf = async (from: ScoredQuestion[]) =>
    (await evaluatePools(from, options)).selectors.find(({ name }) => name === "PRM, min");
  const [all, ...single] = await Promise.all([several, only(0), only(1), only(2)].map(meanOf));
  const runs = single.map((one) => one?.mean ?? NaN);
  expect(all?.runs).toEqual(runs);
  expect(all?.mean).toBeCloseTo(mean(runs), 12);
  expect(all?.std).toBeCloseTo(std(runs) ?? NaN, 12);
  expect(all?.comparison?.mcNemar).toBeUndefined();
});

test("a stream gives what a list gives, again and again", async () => {
  async function* stream() {
    for (const question of questions) yield await Promise.resolve(question);
  }
  const again = await evaluatePools(stream(), { selectors, seed, resamples: 200 });
  expect(again).toEqual(evaluation);
});

test("ties: the first, the last, or each alike", async () => {
  const question: ScoredQuestion = {
    questionId: "q",
    candidates: [{ correct: true }, { correct: false }],
    scores: { PRM: [[[0.5], [0.5]]] },
  };
  const meanOf = async (tie: "first" | "last" | "random") => {
    const options = { selectors: rewardSelectors("PRM", { seed, tie }), seed, resamples: 10 };
    return (await evaluatePools([question], options)).selectors[0].mean;
  };
  expect(await Promise.all([meanOf("first"), meanOf("last"), meanOf("random")])).toEqual([1, 0, 0.5]);
});

test("by generator every question becomes one per generator", () => {
  const [, split] = [questions[0], questions.slice(10).flatMap(byGenerator)];
  expect(new Set(split.map(({ subset }) => subset))).toEqual(new Set(["early", "late"]));
  const count = (from: ScoredQuestion[]) => from.reduce((sum, { candidates }) => sum + candidates.length, 0);
  expect(count(split)).toBe(count(questions.slice(10)));
  for (const { candidates, scores, subset } of split) {
    expect(scores.PRM[0]).toHaveLength(candidates.length);
    expect(candidates.every(({ generator }) => generator === subset)).toBe(true);
  }
});

test("errors name what is wrong", async () => {
  const options = { selectors, seed };
  await expect(evaluatePools([], options)).rejects.toThrow("no questions");
  await expect(evaluatePools(questions, { ...options, against: "luck" })).rejects.toThrow('no selector "luck"');
  await expect(evaluatePools(questions, { ...options, level: 1 })).rejects.toThrow("level is 1");
  await expect(evaluatePools(questions, { selectors: [oracleSelector, oracleSelector], seed })).rejects.toThrow(
    'two selectors are named "oracle"',
  );
  const other = rewardSelectors("other", { seed });
  await expect(evaluatePools(questions, { selectors: other, seed })).rejects.toThrow(
    'no scores by "other", only by PRM',
  );
  const many = questions.flatMap((q) => [1, 2, 3, 4].map((i) => ({ ...q, subset: `${q.questionId} ${i}` })));
  await expect(evaluatePools(many, options)).rejects.toThrow("more than 200 subsets");
});
