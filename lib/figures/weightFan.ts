import { padded } from "./scales.js";
import { keptPoints } from "./statistics.js";
import { faded, okabeIto } from "./theme.js";
import type { Figure, Trace } from "./types.js";

/** How the weights of many entries lie over time, as `alphaQuantiles` gives it. */
export interface WeightQuantiles {
  /** K */
  readonly entries: number;
  /** [T], ascending */
  readonly steps: readonly number[];
  /** [Q], ascending and symmetric about .5 */
  readonly fractions: readonly number[];
  /** [Q][T] */
  readonly values: readonly ArrayLike<number>[];
  /** [T] */
  readonly mean: ArrayLike<number>;
}

export interface WeightFanOptions {
  /** Defaults to "upper iteration". */
  readonly xLabel?: string;
  /** Defaults to "weight (1 = unweighted)". */
  readonly yLabel?: string;
}

/**
 * The weights of an instance table over time: their median, their mean, and the ranges that hold 50 and 90 % of them.
 *
 * @throws RangeError for no steps, or fractions that do not pair off about .5
 * @example weightFan(alphaQuantiles(await record.weights()))
 */
export function weightFan(
  quantiles: WeightQuantiles,
  { xLabel = "upper iteration", yLabel = "weight (1 = unweighted)" }: WeightFanOptions = {},
): Figure {
  const { entries, fractions } = quantiles;
  if (quantiles.steps.length === 0)
    throw new RangeError("weightFan: no steps; log at least one snapshot of the weights");
  const last = fractions.length - 1;
  const odd = fractions.findIndex((f, i) => !(Math.abs(f + fractions[last - i] - 1) < 1e-9) || f <= fractions[i - 1]);
  if (odd >= 0) {
    throw new RangeError(`weightFan: fractions ${fractions.join(", ")} must ascend and be symmetric about .5`);
  }
  const kept = keptPoints(quantiles.steps, quantiles.mean);
  const at = (list: ArrayLike<number>): number[] => kept.map((t) => list[t]);
  const [steps, mean, values] = [at(quantiles.steps), at(quantiles.mean), quantiles.values.map(at)];
  const color = okabeIto[0];
  const pairs = Array.from({ length: Math.floor(fractions.length / 2) }, (_, i) => i);
  const bands = pairs.map((i): Trace => {
    const share = `${Number(((fractions[last - i] - fractions[i]) * 100).toPrecision(4))} %`;
    const name = i === 0 ? `${share} of ${entries.toLocaleString("en")} weights` : share;
    return {
      ...{ type: "scatter", mode: "lines", name, fill: "toself", fillcolor: faded(color, 0.15 + 0.2 * i) },
      x: [...steps, ...[...steps].reverse()],
      y: [...values[last - i], ...[...values[i]].reverse()],
      line: { width: 0 },
      hoverinfo: "skip",
    };
  });
  const line = (name: string, y: number[], style: { color: string; dash: string }): Trace => ({
    ...{ type: "scatter", mode: "lines", name, x: steps, y, line: style },
  });
  const middle = fractions.length % 2 === 1 ? [line("median", values[last / 2], { color, dash: "solid" })] : [];
  const end = (y: number[]): string => y[steps.length - 1].toPrecision(3);
  return {
    data: [...bands, ...middle, line("mean", mean, { color: okabeIto[1], dash: "dash" })],
    layout: {
      xaxis: { title: { text: xLabel }, range: [steps[0], steps[steps.length - 1]] },
      yaxis: {
        title: { text: yLabel },
        range: padded([1, ...values.flat(), ...mean]),
      },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 1, y1: 1, layer: "below", line: { dash: "dot" } }],
      legend: { traceorder: "normal" },
      hovermode: "x unified",
    },
    alt: `Distribution of ${entries} weights over ${quantiles.steps.length} values of ${xLabel}; at the end ${fractions
      .map((f, i) => `${Number((f * 100).toPrecision(4))} % lie below ${end(values[i])}`)
      .join(", ")}, the mean is ${end(mean)}.`,
  };
}
