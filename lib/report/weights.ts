import { errorText } from "../core/errorText.js";
import { alphaHistogram, alphaQuantiles } from "../tracker/alpha/distribution.js";
import { rowOf } from "../tracker/alpha/rows.js";
import { AlphaSeries } from "../tracker/alpha/series.js";
import { fiveDigits } from "./curves.js";
import type { ReportWeights, WeightRow, WeightSpread } from "./types.js";

/** More entries than this are shown as their distribution, with the heaviest and the lightest. */
const MANY = 20;
const EXTREMES = 10;
const [SNAPSHOTS, SNAPSHOTS_OF_MANY, BINS] = [200, 60, 32];

/** @param textOf  what an entry stands for */
export function reportWeights(
  series: AlphaSeries,
  textOf: (entry: string) => string | undefined,
): ReportWeights | undefined {
  if (series.values.length === 0) return undefined;
  const many = series.names.length > MANY;
  const { names, steps, values } = thinned(series, many ? SNAPSHOTS_OF_MANY : SNAPSHOTS);
  const [T, K] = [steps.length, names.length];
  const ranked = heaviestFirst(values.subarray((T - 1) * K));
  const ranks = Array.from({ length: K }, (_, rank) => rank);
  const chosen = many ? [...ranks.slice(0, EXTREMES), ...ranks.slice(-EXTREMES)] : ranks;
  const rows = chosen.map((rank): WeightRow => {
    const k = ranked[rank];
    const text = textOf(names[k]);
    const overTime = steps.map((_, t) => fiveDigits(values[t * K + k]));
    return { name: names[k], rank: rank + 1, values: overTime, ...(text !== undefined && { text }) };
  });
  const spread = many ? spreadOf(new AlphaSeries(names, steps, values)) : {};
  return { entries: K, snapshots: series.steps.length, steps, rows, ...spread };
}

/** The series at `limit` of its snapshots or fewer. */
function thinned(series: AlphaSeries, limit: number): AlphaSeries {
  const shown = evenly(series.steps.length, limit);
  if (shown.length === series.steps.length) return series;
  const values = new Float32Array(shown.length * series.names.length);
  shown.forEach((t, i) => values.set(rowOf(series, t), i * series.names.length));
  return new AlphaSeries(
    series.names,
    shown.map((t) => series.steps[t]),
    values,
  );
}

/** At most `limit` of 0 … n − 1, the first and the last among them. */
function evenly(n: number, limit: number): number[] {
  if (n <= limit) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: limit }, (_, i) => Math.round((i * (n - 1)) / (limit - 1)));
}

/** Indices; NaN last. */
function heaviestFirst(values: Float32Array): Uint32Array {
  const key = (k: number): number => (Number.isNaN(values[k]) ? -Infinity : values[k]);
  return Uint32Array.from(values, (_, k) => k).sort((a, b) => key(b) - key(a) || a - b);
}

function spreadOf(series: AlphaSeries): { spread: WeightSpread } | { problem: string } {
  try {
    const { counts, edges } = alphaHistogram(series, { bins: BINS });
    const histogram = series.steps.map((_, t) => [...counts.subarray(t * BINS, (t + 1) * BINS)]);
    const quantiles = alphaQuantiles(series).values.map((row) => Array.from(row, fiveDigits));
    return { spread: { quantiles, histogram, range: [edges[0], edges[BINS]] } };
  } catch (error) {
    return { problem: errorText(error) }; // a weight is not finite: named in the error
  }
}
