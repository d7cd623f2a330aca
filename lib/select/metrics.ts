/**
 * Metrics on plain numbers. Means, deviations, average ranks and quantiles come from simple-statistics.
 */
import { mean as meanOf, quantileSorted, sampleCorrelation, sampleStandardDeviation } from "simple-statistics";
import { random } from "../core/random.js";

/** Σx / n. @throws RangeError when `values` is empty or holds a value that is not finite */
export function mean(values: readonly number[]): number {
  requireFinite(values, "mean", 1);
  return meanOf([...values]);
}

/**
 * Sample standard deviation, √(Σ(x − x̄)² / (n − 1)).
 * @returns undefined for a single value, which has no spread
 */
export function std(values: readonly number[]): number | undefined {
  requireFinite(values, "std", 1);
  return values.length === 1 ? undefined : sampleStandardDeviation([...values]);
}

/**
 * Area under the ROC curve: P(score of a positive > score of a negative), ties count half.
 *
 *     AUC = (Σ ranks of positives − P(P + 1)/2) / (P · N)      with average ranks, O(n log n)
 *
 * @param labels  1 or true = positive
 * @returns undefined when only one class is present
 * @throws RangeError on NaN, a label other than 0/1, or unequal lengths, with the index
 */
export function rocAuc(scores: readonly number[], labels: readonly (0 | 1 | boolean)[]): number | undefined {
  requireSameLength(scores, labels, "rocAuc");
  requireOrdered(scores, "rocAuc");
  const ranks = averageRanks(scores);
  let positives = 0;
  let rankSum = 0;
  labels.forEach((label, i) => {
    const value = Number(label);
    if (value !== 0 && value !== 1) throw new RangeError(`rocAuc: labels[${i}] is ${String(label)}; it must be 0 or 1`);
    positives += value;
    rankSum += value * ranks[i];
  });
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/**
 * Spearman's rank correlation: Pearson's correlation of the average ranks.
 * @returns undefined when either side is constant or has fewer than two values
 */
export function spearman(x: readonly number[], y: readonly number[]): number | undefined {
  requireSameLength(x, y, "spearman");
  requireOrdered(x, "spearman");
  requireOrdered(y, "spearman");
  const [rankX, rankY] = [averageRanks(x), averageRanks(y)];
  const constant = (ranks: number[]) => ranks.every((rank) => rank === ranks[0]);
  if (constant(rankX) || constant(rankY)) return undefined;
  return Math.max(-1, Math.min(1, sampleCorrelation(rankX, rankY)));
}

/**
 * Percentile bootstrap interval of the mean: resample with replacement, take the (1 ± level)/2 quantiles of the means.
 * @returns [low, high]
 */
export function bootstrapInterval(
  values: readonly number[],
  { seed, level = 0.95, resamples = 2000 }: { seed: number; level?: number; resamples?: number },
): [low: number, high: number] {
  requireFinite(values, "bootstrapInterval", 1);
  if (!(level > 0 && level < 1)) throw new RangeError(`bootstrapInterval: level is ${level}; it must lie in (0, 1)`);
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(`bootstrapInterval: resamples is ${resamples}; it must be a positive integer`);
  }
  const draw = random(seed);
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[draw.integer(values.length)];
    return sum / values.length;
  });
  const sorted = Array.from(means.sort());
  return [quantileSorted(sorted, (1 - level) / 2), quantileSorted(sorted, (1 + level) / 2)];
}

/** 1-based ranks; equal values share the mean of their ranks. */
export function averageRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => compare(values[a], values[b]));
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function requireSameLength(a: readonly unknown[], b: readonly unknown[], name: string): void {
  if (a.length !== b.length) throw new RangeError(`${name}: ${a.length} values against ${b.length}`);
}

/** Infinite scores can be ranked, NaN cannot. */
function requireOrdered(values: readonly number[], name: string): void {
  const bad = values.findIndex((value) => typeof value !== "number" || Number.isNaN(value));
  if (bad >= 0) throw new RangeError(`${name}: value ${bad} is ${String(values[bad])}, which cannot be ranked`);
}

function requireFinite(values: readonly number[], name: string, least: number): void {
  if (values.length < least) throw new RangeError(`${name}: needs at least ${least} value`);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`${name}: value ${bad} is ${String(values[bad])}`);
}
