/**
 * Means, deviations and ranks of plain numbers, and the checks that keep NaN out of them. Means, deviations and
 * correlations come from simple-statistics.
 */
import { mean as meanOf, sampleCorrelation, sampleStandardDeviation } from "simple-statistics";

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
 * Spearman's rank correlation: Pearson's correlation of the average ranks.
 * @returns undefined when either side is constant or has fewer than two values
 * @throws RangeError on NaN, with its index, or unequal lengths
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

/** 1-based ranks; equal values share the mean of their ranks. O(n log n) */
export function averageRanks(values: readonly number[]): number[] {
  const order = ascending(values);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Indices of the values from the least to the greatest; equal values keep their order. */
export function ascending(values: readonly number[]): number[] {
  const compare = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);
  return values.map((_, i) => i).sort((i, j) => compare(values[i], values[j]));
}

/** @throws RangeError with both lengths when they differ */
export function requireSameLength(a: ArrayLike<unknown>, b: ArrayLike<unknown>, name: string): void {
  if (a.length !== b.length) throw new RangeError(`${name}: ${a.length} values against ${b.length}`);
}

/** Infinite scores can be ranked, NaN cannot. */
export function requireOrdered(values: readonly number[], name: string): void {
  const bad = values.findIndex((value) => typeof value !== "number" || Number.isNaN(value));
  if (bad >= 0) throw new RangeError(`${name}: value ${bad} is ${String(values[bad])}, which cannot be ranked`);
}

/** @throws RangeError with the index of the first value that is not finite, or when there are fewer than `least` */
export function requireFinite(values: readonly number[], name: string, least = 0): void {
  if (values.length < least) throw new RangeError(`${name}: needs at least ${least} value`);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`${name}: value ${bad} is ${String(values[bad])}`);
}
