import { quantilesOf } from "../../core/order.js";
import { requireWeights, rowOf } from "./rows.js";
import type { AlphaSeries } from "./series.js";

/** How the weights of K entries lie at each of T snapshots. */
export interface AlphaQuantiles {
  /** K */
  readonly entries: number;
  /** [T], ascending */
  readonly steps: readonly number[];
  /** [Q] */
  readonly fractions: readonly number[];
  /** per fraction the weight below which that share of the entries lies, [Q][T] */
  readonly values: readonly Float64Array[];
  /** [T] */
  readonly mean: Float64Array;
}

/**
 * Quantiles over time: what a fan chart draws. Linear between neighbours (R's type 7), O(T K).
 *
 * @param options.fractions  defaults to .05, .25, .5, .75, .95: the median and what holds 50 and 90 % of the entries
 * @throws RangeError for a fraction outside [0, 1], no snapshot, or a weight that is not finite, with its name and step
 * @example const fan = weightFan(alphaQuantiles(await record.weights()));
 */
export function alphaQuantiles(
  series: AlphaSeries,
  { fractions = [0.05, 0.25, 0.5, 0.75, 0.95] }: { fractions?: readonly number[] } = {},
): AlphaQuantiles {
  const bad = fractions.find((fraction) => !(fraction >= 0 && fraction <= 1));
  if (bad !== undefined) throw new RangeError(`alphaQuantiles: fraction ${bad} must lie in [0, 1]`);
  requireWeights(series, "alphaQuantiles");
  const { steps, names } = series;
  const values = fractions.map(() => new Float64Array(steps.length));
  const mean = new Float64Array(steps.length);
  for (let t = 0; t < steps.length; t++) {
    const row = rowOf(series, t);
    quantilesOf(row, fractions).forEach((value, q) => (values[q][t] = value));
    for (let k = 0; k < row.length; k++) mean[t] += row[k] / row.length;
  }
  return { entries: names.length, steps, fractions: [...fractions], values, mean };
}

/** How many of K entries weigh how much at each of T snapshots. */
export interface AlphaHistogram {
  /** K */
  readonly entries: number;
  /** [T], ascending */
  readonly steps: readonly number[];
  /** ascending, [B + 1]: bin b holds edges[b] ≤ w < edges[b + 1], the last one its upper edge as well */
  readonly edges: Float64Array;
  /** [T, B], row-major */
  readonly counts: Uint32Array;
  /** entries outside all bins, [T] */
  readonly outside: Uint32Array;
}

/**
 * Histogram over time with the same bins of equal width at every snapshot, O(T K).
 *
 * @param options.bins   B; defaults to 41: being odd, the middle of the range is the middle of a bin
 * @param options.range  of all bins; defaults to the least and the greatest weight of all snapshots
 * @throws RangeError for bins or a range that are none, no snapshot, or a weight that is not finite
 */
export function alphaHistogram(
  series: AlphaSeries,
  { bins = 41, range }: { bins?: number; range?: readonly [number, number] } = {},
): AlphaHistogram {
  requireWeights(series, "alphaHistogram");
  const [low, high] = range ?? extent(series.values);
  if (!Number.isInteger(bins) || bins < 1)
    throw new RangeError(`alphaHistogram: ${bins} bins; give a positive integer`);
  if (!(Number.isFinite(high - low) && low < high)) throw new RangeError(`alphaHistogram: range [${low}, ${high}]`);
  const { steps, names, values } = series;
  const edges = Float64Array.from({ length: bins + 1 }, (_, b) => low + ((high - low) * b) / bins);
  edges[bins] = high;
  const counts = new Uint32Array(steps.length * bins);
  const outside = new Uint32Array(steps.length);
  const perWidth = bins / (high - low);
  for (let t = 0, i = 0; t < steps.length; t++) {
    for (let k = 0; k < names.length; k++, i++) {
      const value = values[i];
      if (value < low || value > high) {
        outside[t]++;
        continue;
      }
      let b = Math.min(bins - 1, Math.floor((value - low) * perWidth));
      // rounding may put a value beside its bin
      if (value < edges[b]) b--;
      else if (b < bins - 1 && value >= edges[b + 1]) b++;
      counts[t * bins + b]++;
    }
  }
  return { entries: names.length, steps, edges, counts, outside };
}

/** From the least to the greatest value; wider where they are one, so that it is a range. */
function extent(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}
