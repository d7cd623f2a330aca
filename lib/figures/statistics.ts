/** Numbers of figures. Here NaN is a gap in a line and passes through; `core/statistics.ts` refuses it. */
import { mean, sampleStandardDeviation } from "simple-statistics";
import { spearman } from "../core/statistics.js";

export { mean };

/** Standard deviation of a sample (n − 1 in the divisor); 0 for one value. */
export const spread = (values: number[]): number => (values.length > 1 ? sampleStandardDeviation(values) : 0);

/** Spearman's rank correlation, [n] against [n]; NaN where one side is constant, because its order says nothing. */
export const rankCorrelation = (a: readonly number[], b: readonly number[]): number => spearman(a, b) ?? NaN;

/** Value below which a fraction of the sorted values lies, linear between neighbours (R's type 7). */
export function quantileOfSorted(sorted: ArrayLike<number>, fraction: number): number {
  const at = (sorted.length - 1) * fraction;
  const [lo, hi] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return lo + (hi - lo) * (at - Math.floor(at));
}

/**
 * Indices of at most `limit` points that keep the look of a line, the first and the last among them.
 * Largest triangle three buckets (Steinarsson 2013): of each bucket the point that spans
 * the largest triangle with the point kept before it and the mean of the next bucket.
 *
 * @param x  positions, [n], ascending
 * @param y  values, [n]; gaps (NaN) count as 0 here
 */
export function keptPoints(x: ArrayLike<number>, y: ArrayLike<number>, limit = 250): number[] {
  const n = x.length;
  if (n <= limit) return Array.from({ length: n }, (_, i) => i);
  const X = (i: number): number => x[i];
  const Y = (i: number): number => (Number.isFinite(y[i]) ? y[i] : 0);
  const edge = (bucket: number): number => 1 + Math.floor((bucket * (n - 2)) / (limit - 2));
  const kept = [0];
  for (let bucket = 0; bucket < limit - 2; bucket++) {
    const [start, end] = [edge(bucket), edge(bucket + 1)];
    const next = Array.from({ length: Math.min(edge(bucket + 2), n) - end || 1 }, (_, k) => Math.min(end + k, n - 1));
    const [nextX, nextY] = [mean(next.map(X)), mean(next.map(Y))];
    const last = kept[kept.length - 1];
    const area = (i: number): number =>
      Math.abs((X(last) - nextX) * (Y(i) - Y(last)) - (X(last) - X(i)) * (nextY - Y(last)));
    let best = start;
    for (let i = start + 1; i < end; i++) if (area(i) > area(best)) best = i;
    kept.push(best);
  }
  return [...kept, n - 1];
}
