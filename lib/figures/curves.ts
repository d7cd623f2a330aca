import { averaged, type Averaged, type Series } from "./averaged.js";
import { curveAxis, curveLayout, curveTraces, described, endNames, extent, withCounts, type Curve } from "./lines.js";
import type { Figure } from "./types.js";

/**
 * Curves of training: one line per name; where a name has several runs, their mean with the band of ± standard deviation
 * and each run as a thin line. Runs are averaged over the steps that all of them have.
 *
 * @param options.yLabel  with its unit
 * @param options.xLabel  defaults to "iteration"
 * @param options.logY    logarithmic y axis, defaults to false; values ≤ 0 leave gaps, and the
 *                        band's lower edge stops at the least run where mean − std ≤ 0
 * @throws RangeError where steps and values differ in number, steps do not ascend, or runs share no step
 * @example
 * trainingCurves([{ name: "vanilla", step: [0, 50, 100], value: [0.25, 0.2, 0.18] }], { yLabel: "step loss" });
 */
export function trainingCurves(
  series: readonly Series[],
  { yLabel, xLabel = "iteration", logY = false }: { yLabel: string; xLabel?: string; logY?: boolean },
): Figure {
  const all = averaged(series, "trainingCurves").map((one) => withDeviation(one, logY));
  const { curves, note } = withCounts(all, "mean ± std");
  const { range, ...yScale } = curveAxis(curves, logY);
  return {
    data: curves.flatMap((curve, i) => curveTraces(curve, i, "lines", logY)),
    layout: {
      ...curveLayout,
      xaxis: { title: { text: xLabel }, range: extent(curves.flatMap(({ step }) => [step[0], step.at(-1) as number])) },
      yaxis: { title: { text: yLabel }, range, ...yScale },
      annotations: [...endNames(curves, range, logY), ...note],
    },
    alt: described(`${yLabel} over ${xLabel}`, all),
  };
}

/** With the band mean ± std, above 0 on a logarithmic axis. */
export function withDeviation({ name, step, mean, std, runs }: Averaged, log = false): Curve {
  const low = mean.map((m, k) => {
    const edge = m - std[k];
    return log && edge <= 0 ? Math.max(Math.min(...runs.map((run) => run[k])), m * 1e-3) : edge;
  });
  const band = runs.length > 1 ? { low, high: mean.map((m, k) => m + std[k]) } : undefined;
  return { name, step, center: mean, band, runs };
}
