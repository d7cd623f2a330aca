/** From the step scores of a solution to one score, on plain numbers; `loss/aggregate.ts` has the same for tensors. */

export const scoreAggregations = ["mean", "min", "max", "last", "product", "logMean", "logOddsMean", "logOddsSum"] as const; // prettier-ignore
export type ScoreAggregation = (typeof scoreAggregations)[number];

/** log-odds of scores nearer to 0 or 1 than this are taken there, so that no sum is ∞ − ∞ */
const NEAREST = 2 ** -53;

/**
 * A(p) of the step scores p of one solution, on a scale on which nothing saturates: what to rank by. Only the order
 * matters; `aggregatedScore` is A(p) itself.
 *   mean, min, max, last   of p_i
 *   product, logMean       Σ log p_i, and its mean
 *   logOddsSum, logOddsMean  Σ log(p_i / (1 − p_i)), and its mean
 *
 * DreamPRM (arXiv 2505.20241): the paper sums log-odds, its code takes their mean. `last` is an outcome reward model's
 * view: the score of the whole solution.
 *
 * @param scores  p, in [0, 1], at least one
 */
export function aggregatedKey(kind: ScoreAggregation, scores: readonly number[]): number {
  switch (kind) {
    case "mean":
      return total(scores) / scores.length;
    case "min":
      return scores.reduce((least, p) => Math.min(least, p), Infinity);
    case "max":
      return scores.reduce((greatest, p) => Math.max(greatest, p), -Infinity);
    case "last":
      return scores[scores.length - 1];
    case "product":
      return total(scores, Math.log);
    case "logMean":
      return total(scores, Math.log) / scores.length;
    case "logOddsSum":
      return total(scores, logOdds);
    case "logOddsMean":
      return total(scores, logOdds) / scores.length;
  }
}

/** A(p) in [0, 1]: the weight of a solution in a vote. */
export function aggregatedScore(kind: ScoreAggregation, scores: readonly number[]): number {
  const key = aggregatedKey(kind, scores);
  if (kind === "product" || kind === "logMean") return Math.exp(key);
  return kind === "logOddsSum" || kind === "logOddsMean" ? 1 / (1 + Math.exp(-key)) : key;
}

function total(values: readonly number[], of: (value: number) => number = (value) => value): number {
  let sum = 0;
  for (const value of values) sum += of(value);
  return sum;
}

function logOdds(p: number): number {
  const inside = Math.min(1 - NEAREST, Math.max(NEAREST, p));
  return Math.log(inside / (1 - inside));
}
