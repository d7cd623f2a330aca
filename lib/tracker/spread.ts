import { mean, std } from "../core/statistics.js";
import { bootstrapInterval } from "../select/bootstrap.js";

/** One metric over the runs of a group. */
export interface Spread {
  /** NaN when no value is finite */
  readonly mean: number;
  /** of the sample (n − 1 in the divisor); null for one run */
  readonly std: number | null;
  /** 95 % percentile bootstrap interval of the mean, of few runs too narrow; null for one run */
  readonly interval: readonly [low: number, high: number] | null;
  /** runs that have a finite value: those that the figures above are of */
  readonly n: number;
  /** runs that diverged, which have NaN or ±Infinity; left out where there are none */
  readonly diverged?: number;
  /** in the order of the runs, those that lack the metric left out */
  readonly values: readonly number[];
}

/** @param seed  of the bootstrap */
export function spreadOf(values: readonly number[], seed: number): Spread {
  const finite = values.filter((value) => Number.isFinite(value));
  const diverged = values.length - finite.length;
  return {
    mean: finite.length === 0 ? NaN : mean(finite),
    std: finite.length > 1 ? (std(finite) ?? null) : null,
    interval: finite.length > 1 ? bootstrapInterval(finite, { seed }) : null,
    n: finite.length,
    ...(diverged > 0 && { diverged }),
    values,
  };
}
