/**
 * Best-of-N: score N candidate solutions of a question, answer with the best one.
 *
 * Differs from the published code: ties go to the first candidate (theirs: to the last), the accuracy is divided by the
 * number of questions (theirs: plus one), and best-of-k is the mean over all k-subsets (theirs: one chosen subset).
 */

/** The candidates of one question: their scores (higher is better) and whether their answers are right. */
export interface ScoredPool {
  readonly scores: readonly number[];
  readonly correct: readonly boolean[];
}

/** Which of equal scores wins: the first, the last (as in the published code), or each with the same probability. */
export type Tie = "first" | "last" | "random";

/**
 * argmax score: the index of the first (or last) of the best candidates.
 * @throws RangeError when there is no candidate or a score is NaN
 */
export function selectBest(scores: readonly number[], { tie = "first" }: { tie?: "first" | "last" } = {}): number {
  requireScores(scores, 0);
  requireTie(tie);
  const best = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  return tie === "last" ? scores.lastIndexOf(best) : scores.indexOf(best);
}

/** Share of the questions whose best-scored candidate is right; with `tie: "random"` its expectation over the ties. */
export function bestOfN(pools: readonly ScoredPool[], { tie = "first" }: { tie?: Tie } = {}): number {
  return meanOverPools(pools, "bestOfN", (pool) => bestOfKInPool(pool, [pool.scores.length], tie)[0]);
}

/**
 * Best-of-k, k ≤ N: exact mean over all k-subsets of a pool, then over pools.
 *
 *     P(candidate at rank j is chosen) = C(N − j, k − 1) / C(N, k),   j = 1 the best
 *
 * where equal scores are ranked in order of appearance (`tie: "first"`), in reverse ("last"), or share the chances of their ranks ("random").
 *
 * @throws RangeError when a pool has fewer than k candidates, with its index
 */
export function bestOfK(pools: readonly ScoredPool[], k: number, { tie = "first" }: { tie?: Tie } = {}): number {
  return meanOverPools(pools, "bestOfK", (pool, index) => {
    requireK(k, pool.scores.length, "bestOfK", index);
    return bestOfKInPool(pool, [k], tie)[0];
  });
}

/**
 * Unbiased pass@k: probability that k candidates drawn without replacement hold a right one,
 *
 *     1 − C(N − c, k) / C(N, k),   c right among N      (Chen et al., arXiv 2107.03374)
 */
export function passAtK(pools: readonly Pick<ScoredPool, "correct">[], k: number): number {
  return meanOverPools(pools, "passAtK", ({ correct }, index) => {
    requireK(k, correct.length, "passAtK", index);
    return passAtKInPool(correct, k);
  });
}

/** `passAtK` of one pool, without checks. */
export function passAtKInPool(correct: readonly boolean[], k: number): number {
  const wrong = correct.filter((right) => !right).length;
  let allWrong = 1;
  for (let i = 0; i < k; i++) allWrong *= Math.max(0, wrong - i) / (correct.length - i);
  return 1 - allWrong;
}

/** Share of the questions with a right candidate at all: the bound of every selection. */
export function oracle(pools: readonly Pick<ScoredPool, "correct">[]): number {
  return meanOverPools(pools, "oracle", ({ correct }) => (correct.some(Boolean) ? 1 : 0));
}

/** Expected accuracy of a candidate drawn at random: the mean share of right candidates. */
export function randomChoice(pools: readonly Pick<ScoredPool, "correct">[]): number {
  return meanOverPools(pools, "randomChoice", ({ correct }) => correct.filter(Boolean).length / correct.length);
}

/** `bestOfK` of one pool for each of several k, ranked once; without checks. */
export function bestOfKInPool({ scores, correct }: ScoredPool, ks: readonly number[], tie: Tie): number[] {
  const order = ranking(scores, tie);
  return ks.map((k) => {
    let total = 0;
    let chance = k / scores.length; // C(N − 1, k − 1) / C(N, k)
    for (let start = 0; start < order.length;) {
      let end = start + 1;
      if (tie === "random") while (end < order.length && scores[order[end]] === scores[order[start]]) end++;
      let [groupChance, right] = [0, 0];
      for (let rank = start; rank < end; rank++) {
        groupChance += chance;
        if (correct[order[rank]]) right++;
        const worse = scores.length - rank - 1;
        chance = worse === 0 ? 0 : (chance * (worse - k + 1)) / worse;
      }
      total += (groupChance * right) / (end - start);
      start = end;
    }
    return total;
  });
}

/** Candidate indices, best first. */
function ranking(scores: readonly number[], tie: Tie): number[] {
  requireTie(tie);
  const later = tie === "last" ? -1 : 1;
  return scores
    .map((_, i) => i)
    .sort((a, b) => (scores[a] === scores[b] ? later * (a - b) : scores[a] > scores[b] ? -1 : 1));
}

function meanOverPools<P extends Pick<ScoredPool, "correct"> & Partial<ScoredPool>>(
  pools: readonly P[],
  name: string,
  value: (pool: P, index: number) => number,
): number {
  if (pools.length === 0) throw new RangeError(`${name}: no pools`);
  let sum = 0;
  pools.forEach((pool, index) => {
    if (pool.correct.length === 0) throw new RangeError(`${name}: pool ${index} has no candidates`);
    if (pool.scores) {
      requireScores(pool.scores, index);
      if (pool.scores.length !== pool.correct.length) {
        throw new RangeError(
          `${name}: pool ${index} has ${pool.scores.length} scores for ${pool.correct.length} candidates`,
        );
      }
    }
    sum += value(pool, index);
  });
  return sum / pools.length;
}

function requireTie(tie: Tie): void {
  if (!["first", "last", "random"].includes(tie)) {
    throw new RangeError(`tie is "${String(tie)}"; it must be "first", "last" or "random"`);
  }
}

function requireScores(scores: readonly number[], pool: number): void {
  if (scores.length === 0) throw new RangeError(`pool ${pool} has no scores`);
  const bad = scores.findIndex((score) => Number.isNaN(score));
  if (bad >= 0) throw new RangeError(`pool ${pool}: the score of candidate ${bad} is NaN`);
}

function requireK(k: number, candidates: number, name: string, pool: number): void {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`${name}: k is ${k}; it must be a positive integer`);
  if (k > candidates) throw new RangeError(`${name}: k is ${k}, but pool ${pool} has ${candidates} candidates`);
}
