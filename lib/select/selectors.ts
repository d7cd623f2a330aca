/**
 * Ways to answer with one of N candidates. Each tells, for every k, its exact accuracy over all k-subsets of the
 * candidates, and which of all candidates it chooses.
 */
import { mean } from "../core/statistics.js";
import { aggregatedKey, aggregatedScore, type ScoreAggregation, scoreAggregations } from "./aggregateScores.js";
import { bestOfKInPool, passAtKInPool, selectBest, type Tie } from "./bestOfN.js";
import type { ScoredQuestion, StepScores } from "./candidates.js";
import { subsetVote, voteWinner } from "./voteSubsets.js";

export interface Selector {
  readonly name: string;
  /** a bound knows the right answers, a baseline does without a reward model */
  readonly kind: "baseline" | "reward model" | "bound";
  /** the number of candidates makes no difference to it */
  readonly flat?: true;
  /** accuracies of one question, for ascending k */
  readonly select: (question: ScoredQuestion, ks: readonly number[]) => Selection;
}

export interface Selection {
  /** expected accuracy by training of the reward model, and k: [runs][k]; one run where nothing is trained */
  readonly accuracy: readonly (readonly number[])[];
  /** index of the candidate that is chosen among all; left out where chance or several runs choose */
  readonly choice?: number;
  /** variance by drawing k-subsets, averaged over runs: [k]; left out where all subsets were counted */
  readonly variance?: readonly number[];
}

export interface SelectorOptions {
  /** which of equal scores wins; defaults to "first". Votes always take the answer given first */
  readonly tie?: Tie;
  /** most k-subsets of a question that are counted one by one for votes; defaults to 500 */
  readonly subsets?: number;
  /** of k-subsets that are drawn where there are more */
  readonly seed: number;
}

/** A candidate at random: pass@1, whatever k. */
export const randomSelector: Selector = {
  name: "random",
  kind: "baseline",
  flat: true,
  select: ({ candidates }, ks) => {
    const share = mean(candidates.map(({ correct }) => Number(correct)));
    return { accuracy: [ks.map(() => share)] };
  },
};

/** Unbiased pass@k: the bound of every selector. */
export const oracleSelector: Selector = {
  name: "oracle",
  kind: "bound",
  select: (question, ks) => {
    const correct = correctOf(question);
    return { accuracy: [ks.map((k) => passAtKInPool(correct, k))], choice: Math.max(0, correct.indexOf(true)) };
  },
};

/** The mean of a generator's candidates; where it has none, of all. */
export function generatorSelector(generator: string): Selector {
  return {
    name: `generator ${generator}`,
    kind: "baseline",
    flat: true,
    select: (question, ks) => {
      const own = question.candidates.filter((candidate) => candidate.generator === generator);
      return randomSelector.select(own.length === 0 ? question : { ...question, candidates: own }, ks);
    },
  };
}

/** What needs no reward model: place in the pool, place of the steps, and the vote. */
export function baselineSelectors(options: SelectorOptions): Selector[] {
  return [
    randomSelector,
    scoreSelector("first candidate", "baseline", ({ candidates }) => [candidates.map((_, n) => -n)], options),
    scoreSelector("fewest steps", "baseline", (question) => [stepCounts(question).map((steps) => -steps)], options),
    voteSelector("majority", "baseline", ({ candidates }) => [candidates.map(() => 1)], options),
  ];
}

/**
 * A reward model's selectors: best-of-N by every aggregation (`last` is an outcome reward model's: the score of the whole
 * solution), and the vote weighted by the main one.
 *
 * @param model              its name in `scores`
 * @param options.main       defaults to "logOddsMean"
 */
export function rewardSelectors(
  model: string,
  { main = "logOddsMean", ...options }: SelectorOptions & { readonly main?: ScoreAggregation },
): Selector[] {
  const scored = (of: (scores: readonly number[]) => number) => (question: ScoredQuestion) =>
    runsOf(question, model).map((run) => run.map(of));
  const kinds = [main, ...scoreAggregations.filter((kind) => kind !== main)];
  return [
    ...kinds.map((kind) =>
      scoreSelector(
        rewardSelectorName(model, kind),
        "reward model",
        scored((p) => aggregatedKey(kind, p)),
        options,
      ),
    ),
    voteSelector(
      `${model}, vote by ${main}`,
      "reward model",
      scored((p) => aggregatedScore(main, p)),
      options,
    ),
  ];
}

export const rewardSelectorName = (model: string, kind: ScoreAggregation): string =>
  `${model}, ${kind}${kind === "last" ? " (as an ORM)" : ""}`;

/** Best-of-N by scores of whole solutions that came with the candidates. */
export function outcomeSelector(options: SelectorOptions): Selector {
  return scoreSelector(
    "ORM",
    "reward model",
    ({ candidates }) => [candidates.map((c) => c.outcomeScore ?? NaN)],
    options,
  );
}

/** Best-of-N by one score per candidate, higher is better: [runs][candidates]. */
export function scoreSelector(
  name: string,
  kind: Selector["kind"],
  scores: (question: ScoredQuestion) => readonly (readonly number[])[],
  { tie = "first" }: Pick<SelectorOptions, "tie">,
): Selector {
  return {
    name,
    kind,
    select: (question, ks) => {
      const correct = correctOf(question);
      const runs = scores(question);
      return {
        accuracy: runs.map((own) => bestOfKInPool({ scores: own, correct }, ks, tie)),
        ...(tie !== "random" && runs.length === 1 && { choice: selectBest(runs[0], { tie }) }),
      };
    },
  };
}

function voteSelector(
  name: string,
  kind: Selector["kind"],
  weights: (question: ScoredQuestion) => readonly (readonly number[])[],
  { subsets, seed }: SelectorOptions,
): Selector {
  const vote = subsetVote({ seed, ...(subsets !== undefined && { limit: subsets }) });
  return {
    name,
    kind,
    select: (question, ks) => {
      const answers = question.candidates.map(({ answer }) => answer);
      const [correct, ballots] = [correctOf(question), weights(question).map((own) => ({ answers, weights: own }))];
      const runs = ballots.map((ballot) => vote(ballot, correct, ks, question.questionId));
      return {
        accuracy: runs.map((run) => run.map(({ accuracy }) => accuracy)),
        variance: ks.map((_, i) => runs.reduce((sum, run) => sum + run[i].variance, 0) / runs.length ** 2),
        ...(runs.length === 1 && { choice: voteWinner(ballots[0]) }),
      };
    },
  };
}

function runsOf({ questionId, scores }: ScoredQuestion, model: string): readonly StepScores[] {
  if (!Object.hasOwn(scores, model)) {
    throw new RangeError(
      `question ${questionId} has no scores by "${model}", only by ${Object.keys(scores).join(", ")}`,
    );
  }
  return scores[model];
}

const correctOf = ({ candidates }: ScoredQuestion) => candidates.map(({ correct }) => correct);

/** of what is known of the candidates: their steps, or some model's scores of these */
function stepCounts({ candidates, scores }: ScoredQuestion): number[] {
  const scored = Object.values(scores).at(0)?.at(0);
  return candidates.map(({ steps }, n) => steps?.length ?? scored?.[n].length ?? 1);
}
