import { random } from "../core/random.js";

/**
 * Self-consistency and weighted votes with k of N candidates: how often the winner is right, over all k-subsets where
 * these are at most `limit`, else over so many drawn at random. The rule of `weightedVote`: the answer of the largest
 * sum of weights, among equals the one given first, represented by the first candidate that gave it. Candidates without
 * an answer do not vote; where nobody votes, the first candidate is taken.
 */
export interface Vote {
  readonly answers: readonly (string | undefined)[];
  /** not negative */
  readonly weights: readonly number[];
  readonly correct: readonly boolean[];
}

export interface VoteShare {
  /** share of the k-subsets whose winner is right */
  readonly accuracy: number;
  /** variance of that by sampling subsets; 0 where all were counted */
  readonly variance: number;
}

/** The candidate that wins the vote of all: an index. */
export function voteWinner({ answers, weights }: Omit<Vote, "correct">): number {
  const { group, groups } = grouped(answers);
  return winner(allOf(answers.length), 0, answers.length, group, weights, new Float64Array(groups));
}

/**
 * @param options.limit  most subsets to look at; defaults to 500
 * @param options.seed   of the subsets that are drawn where there are more; of one question, so that it does not
 *                       depend on the others
 */
export function voteAtK(
  { answers, weights, correct }: Vote,
  ks: readonly number[],
  { limit = 500, seed }: { limit?: number; seed: number | string },
): VoteShare[] {
  const { group, groups } = grouped(answers);
  const totals = new Float64Array(groups);
  return ks.map((k) => {
    const { subsets, exact } = subsetsOf(answers.length, k, limit, `${seed}/${k}`);
    let right = 0;
    for (let at = 0; at < subsets.length; at += k) {
      if (correct[winner(subsets, at, k, group, weights, totals)]) right++;
    }
    const count = subsets.length / k;
    const accuracy = right / count;
    return { accuracy, variance: exact ? 0 : (accuracy * (1 - accuracy)) / count };
  });
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

/** The winner among the k candidates subsets[start …], whose indices ascend. */
function winner(
  subsets: ArrayLike<number>,
  start: number,
  k: number,
  group: Int32Array,
  weights: readonly number[],
  totals: Float64Array,
): number {
  totals.fill(0);
  for (let j = start; j < start + k; j++) if (group[subsets[j]] >= 0) totals[group[subsets[j]]] += weights[subsets[j]];
  let [best, chosen] = [-1, subsets[start]];
  for (let j = start; j < start + k; j++) {
    const own = group[subsets[j]];
    if (own < 0 || totals[own] <= best) continue;
    [best, chosen] = [totals[own], subsets[j]];
  }
  return chosen;
}

const allOf = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

/** all k-subsets of n that were listed before */
const listed = new Map<string, Int32Array>();

/** k-subsets of 0 … n − 1 one after the other: all of them, or `limit` drawn ones. */
function subsetsOf(n: number, k: number, limit: number, seed: string): { subsets: Int32Array; exact: boolean } {
  if (k === n) return { subsets: allOf(n), exact: true };
  if (binomial(n, k) > limit) return { subsets: drawn(n, k, limit, seed), exact: false };
  const key = `${n},${k}`;
  const subsets = listed.get(key) ?? Int32Array.from(combinations(n, k));
  listed.set(key, subsets);
  return { subsets, exact: true };
}

function combinations(n: number, k: number): number[] {
  const found: number[] = [];
  const chosen: number[] = [];
  const choose = (from: number) => {
    if (chosen.length === k) {
      found.push(...chosen);
      return;
    }
    for (let i = from; i <= n - (k - chosen.length); i++) {
      chosen.push(i);
      choose(i + 1);
      chosen.pop();
    }
  };
  choose(0);
  return found;
}

/** Floyd's sampling of a subset without replacement, `count` times. */
function drawn(n: number, k: number, count: number, seed: string): Int32Array {
  const draw = random(seed);
  const out = new Int32Array(count * k);
  for (let s = 0; s < count; s++) {
    const chosen = new Set<number>();
    for (let j = n - k; j < n; j++) {
      const i = draw.integer(j + 1);
      chosen.add(chosen.has(i) ? j : i);
    }
    out.set(
      [...chosen].sort((a, b) => a - b),
      s * k,
    );
  }
  return out;
}

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= Math.min(k, n - k); i++) value = (value * (n - i + 1)) / i;
  return value;
}
