import { type Curve, curveTraces, withCounts } from "./lines.js";
import { keptPoints, mean, spread } from "./statistics.js";
import type { Figure, Trace } from "./types.js";

/** A detector's receiver operating characteristic, as `wrongLabelRoc` gives it. Runs of a name are seeds of the same thing. */
export interface DetectorRun {
  readonly name: string;
  /** ascending from 0 to 1, [P] */
  readonly falsePositiveRate: ArrayLike<number>;
  /** ascending from 0 to 1, [P] */
  readonly truePositiveRate: ArrayLike<number>;
  readonly auc: number;
}

export interface DetectorCurveOptions {
  /** Defaults to "right rows called wrong (share)". */
  readonly xLabel?: string;
  /** Defaults to "wrong rows found (share)". */
  readonly yLabel?: string;
}

/** Where the curves of several seeds are averaged. */
const GRID = Array.from({ length: 101 }, (_, i) => i / 100);

/**
 * How well small weights find wrong labels: ROC curves with their areas in the legend, against chance. Of a name with
 * several runs the mean ± standard deviation of the true positive rates at each false positive rate (vertical averaging,
 * Fawcett 2006), and of the areas.
 *
 * @throws RangeError for no runs, or a curve that does not go from (0, 0) to (1, 1) without falling
 * @example detectorCurve(records.map(({ name }, i) => ({ name, ...wrongLabelDetector(series[i], wrong).last })))
 */
export function detectorCurve(
  runs: readonly DetectorRun[],
  { xLabel = "right rows called wrong (share)", yLabel = "wrong rows found (share)" }: DetectorCurveOptions = {},
): Figure {
  if (runs.length === 0) throw new RangeError("detectorCurve: no runs given");
  runs.forEach(check);
  const names = [...new Set(runs.map(({ name }) => name))];
  const { curves, note } = withCounts(names.map((name) => curveOf(name, runs.filter((run) => run.name === name))), "mean ± std"); // prettier-ignore
  const named = curves.map((curve) => ({ ...curve, name: `${curve.name}, AUC ${curve.auc}` }));
  const chance: Trace = {
    ...{ type: "scatter", mode: "lines", name: "chance, AUC 0.50", x: [0, 1], y: [0, 1] },
    line: { color: "#666", dash: "dot" },
  };
  const axis = { range: [0, 1], dtick: 0.2 };
  return {
    data: [...named.flatMap((curve, i) => curveTraces(curve, i, "lines", false)), chance],
    layout: {
      xaxis: { ...axis, title: { text: xLabel } },
      yaxis: { ...axis, title: { text: yLabel } },
      annotations: note,
      // where a detector better than chance leaves room
      legend: { orientation: "v", x: 1, xanchor: "right", y: 0.02, yanchor: "bottom", traceorder: "normal" },
      hovermode: "closest",
    },
    alt: `ROC curves of wrong labels found by small weights: ${named.map(({ name }) => name).join("; ")}.`,
  };
}

function curveOf(name: string, own: readonly DetectorRun[]): Curve & { auc: string } {
  const areas = own.map(({ auc }) => auc);
  if (own.length === 1) {
    const [{ falsePositiveRate: x, truePositiveRate: y }] = own;
    const kept = keptPoints(x, y);
    const center = kept.map((p) => y[p]);
    return { name, step: kept.map((p) => x[p]), center, runs: [center], auc: mean(areas).toFixed(2) };
  }
  const runs = own.map((run) => [0, ...GRID.map((rate) => truePositiveRateAt(run, rate))]);
  const center = [0, ...GRID].map((_, p) => mean(runs.map((run) => run[p])));
  const std = center.map((_, p) => spread(runs.map((run) => run[p])));
  const band = { low: center.map((m, p) => Math.max(0, m - std[p])), high: center.map((m, p) => Math.min(1, m + std[p])) }; // prettier-ignore
  // every curve begins at (0, 0), from where its first point may rise
  return { name, step: [0, ...GRID], center, band, runs, auc: `${mean(areas).toFixed(2)} ± ${spread(areas).toFixed(2)}` }; // prettier-ignore
}

/** Linear between the points; where the curve rises at this rate, the top of the rise. */
function truePositiveRateAt({ falsePositiveRate: x, truePositiveRate: y }: DetectorRun, rate: number): number {
  let [low, high] = [0, x.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (x[middle] <= rate) low = middle;
    else high = middle - 1;
  }
  if (low === x.length - 1) return y[low];
  return y[low] + ((y[low + 1] - y[low]) * (rate - x[low])) / (x[low + 1] - x[low]);
}

function check({ name, falsePositiveRate: x, truePositiveRate: y }: DetectorRun): void {
  const last = x.length - 1;
  const ends = x.length === y.length && x[0] === 0 && y[0] === 0 && x[last] === 1 && y[last] === 1;
  const rises = (rates: ArrayLike<number>) => Array.from(rates).every((rate, p) => p === 0 || rate >= rates[p - 1]);
  if (!ends || !rises(x) || !rises(y)) {
    throw new RangeError(`detectorCurve: the curve of "${name}" must rise from (0, 0) to (1, 1), a rate per point`);
  }
}
