import { averaged, type Series } from "./averaged.js";
import { curveAxis, curveLayout, curveTraces, described, endNames, extent, logTicks, withCounts } from "./lines.js";
import type { Figure, Json } from "./types.js";

/** Error of one method at each of its costs; entries of a name are seeds. */
export interface ErrorSeries {
  readonly name: string;
  /** Positive and ascending, [n]: terms, iterations, gradient evaluations or milliseconds, the same in all seeds. */
  readonly cost: ArrayLike<number>;
  /** Relative errors ≥ 0, [n]. */
  readonly error: ArrayLike<number>;
}

export interface HypergradientErrorOptions {
  /** Defaults to "cost (gradient evaluations)". */
  readonly xLabel?: string;
  /** Defaults to "relative error". */
  readonly yLabel?: string;
  /** Errors below this are rounding and are drawn at it, with a line, as 0 has no logarithm; defaults to float32's, 2⁻²³. */
  readonly rounding?: number;
}

/**
 * Error of hypergradients against their cost, both axes logarithmic: where a name has several seeds the geometric mean
 * with the band of its geometric standard deviation, exp(mean ln e ± std ln e), and each seed as a thin line.
 *
 * @throws RangeError as `trainingCurves`, for a cost that is not positive, or an error that is negative or not finite
 * @example
 * hypergradientError([{ name: "Neumann", cost: [1, 2, 4, 8], error: [0.5, 0.25, 0.06, 0.004] }], { xLabel: "terms" });
 */
export function hypergradientError(series: readonly ErrorSeries[], options: HypergradientErrorOptions = {}): Figure {
  const { xLabel = "cost (gradient evaluations)", yLabel = "relative error", rounding = 2 ** -23 } = options;
  if (!(rounding > 0)) throw new RangeError(`hypergradientError: rounding is ${rounding}; it must be positive`);
  const isRounded = series.some(({ error }) => Array.from(error).some((e) => e < rounding));
  const logs = series.map((one) => logarithms(one, rounding));
  const all = averaged(logs, "hypergradientError").map(({ name, step, mean, std, runs }) => ({
    name,
    step,
    center: mean.map(Math.exp),
    band:
      runs.length > 1
        ? { low: mean.map((m, k) => Math.exp(m - std[k])), high: mean.map((m, k) => Math.exp(m + std[k])) }
        : undefined,
    runs: runs.map((run) => run.map(Math.exp)),
  }));
  const { curves, note } = withCounts(all, "geometric mean ×/÷ std");
  const { range, ...yScale } = curveAxis(curves, true);
  const xRange = extent(curves.flatMap(({ step }) => [step[0], step.at(-1) as number]).map(Math.log10));
  return {
    data: curves.flatMap((curve, i) => curveTraces(curve, i, "lines+markers", true)),
    layout: {
      ...curveLayout,
      xaxis: { title: { text: xLabel }, range: xRange, ...logTicks(xRange) },
      yaxis: { title: { text: yLabel }, range, ...yScale },
      annotations: [...endNames(curves, range, true), ...note, ...(isRounded ? [roundingLabel(rounding)] : [])],
      shapes: isRounded ? [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: rounding, y1: rounding, layer: "below", line: { dash: "dot" } }] : [], // prettier-ignore
    },
    alt: described(`${yLabel} over ${xLabel}`, all),
  };
}

const roundingLabel = (rounding: number): Json => ({
  text: "rounding",
  xref: "paper",
  x: 0.01,
  xanchor: "left",
  y: Math.log10(rounding),
  yanchor: "bottom",
});

function logarithms({ name, cost, error }: ErrorSeries, rounding: number): Series {
  const badCost = Array.from(cost).findIndex((c) => !(c > 0 && c < Infinity));
  if (badCost >= 0) throw new RangeError(`hypergradientError: "${name}" has cost ${cost[badCost]}; costs are positive`);
  const bad = Array.from(error).findIndex((e) => !(e >= 0 && e < Infinity));
  if (bad >= 0) {
    throw new RangeError(
      `hypergradientError: "${name}" has error ${error[bad]} at cost ${cost[bad]}; errors are finite and not negative`,
    );
  }
  return { name, step: cost, value: Array.from(error, (e) => Math.log(Math.max(e, rounding))) };
}
