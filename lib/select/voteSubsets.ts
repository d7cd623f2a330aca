import { subsetLister } from "./subsets.js";

/**
 * A vote of the candidates of one question, by the rule of `weightedVote`: the answer of the largest sum of weights,
 * among equals the one given first, represented by the first candidate that gave it. Candidates without an answer do not
 * vote; where nobody votes, the first candidate is taken.
 */
export interface Ballot {
  readonly answers: readonly (string | undefined)[];
  /** finite, not negative; all 1 is self-consistency */
  readonly weights: readonly number[];
}

export interface VoteShare {
  /** share of the k-subsets whose winner is right */
  readonly accuracy: number;
  /** variance of that by drawing subsets; 0 where all were counted */
  readonly variance: number;
}

/** Index of the candidate that wins the vote of all. */
export function voteWinner({ answers, weights }: Ballot): number {
  const { group, groups } = grouped(answers);
  const all = Int32Array.from(answers, (_, i) => i);
  return winner(all, 0, all.length, group, weights, new Float64Array(groups));
}

/**
 * A vote of k of N candidates: the share of all k-subsets whose winner is right, where these are at most `limit`; of
 * `limit` random ones with the variance that this brings, where there are more. No closed form is known for weights.
 *
 * @param options.limit  defaults to 500: exact for every k up to 11 candidates
 * @param options.seed   of the drawn subsets
 * @returns accuracies by k of one question; its id makes the drawn subsets independent of other questions
 */
export function subsetVote({ limit = 500, seed }: { limit?: number; seed: number }) {
  const subsets = subsetLister(limit);
  return (
    { answers, weights }: Ballot,
    correct: readonly boolean[],
    ks: readonly number[],
    questionId: string,
  ): VoteShare[] => {
    const { group, groups } = grouped(answers);
    const totals = new Float64Array(groups);
    return ks.map((k) => {
      const { indices, exact } = subsets(answers.length, k, `${seed}/${questionId}/${k}`);
      let right = 0;
      for (let at = 0; at < indices.length; at += k) {
        if (correct[winner(indices, at, k, group, weights, totals)]) right++;
      }
      const count = indices.length / k;
      const accuracy = right / count;
      return { accuracy, variance: exact ? 0 : (accuracy * (1 - accuracy)) / count };
    });
  };
}

/** Per candidate the index of its answer in order of first appearance, −1 without one. */
function grouped(answers: readonly (string | undefined)[]): { group: Int32Array; groups: number } {
  const known = new Map<string, number>();
  const group = Int32Array.from(answers, (answer) => {
    const key = answer?.trim();
    if (!key) return -1;
    const index = known.get(key) ?? known.size;
    known.set(key, index);
    return index;
  });
  return { group, groups: known.size };
}

/** The winner among the k candidates from `start` on, whose indices ascend. */
function winner(
  candidates: Int32Array,
  start: number,
  k: number,
  group: Int32Array,
  weights: readonly number[],
  totals: Float64Array,
): number {
  totals.fill(0);
  for (let j = start; j < start + k; j++) {
    const i = candidates[j];
    if (group[i] >= 0) totals[group[i]] += weights[i];
  }
  let [most, chosen] = [-1, candidates[start]];
  for (let j = start; j < start + k; j++) {
    const i = candidates[j];
    if (group[i] < 0 || totals[group[i]] <= most) continue;
    [most, chosen] = [totals[group[i]], i];
  }
  return chosen;
}
