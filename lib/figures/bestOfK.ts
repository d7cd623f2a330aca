import { averaged, type Series } from "./averaged.js";
import { withDeviation } from "./curves.js";
import { noteAbove } from "./labels.js";
import { curveAxis, curveLayout, curveTraces, described, endNames, extent, withCounts, type Curve } from "./lines.js";
import type { Figure, Trace } from "./types.js";

/** Accuracy over k of one selector; its runs are seeds, or it is one series with an interval. */
export interface ScalingSeries extends Series {
  /** Bounds at each step, [n] each, such as a bootstrap interval over questions. */
  readonly interval?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
}

export interface BestOfKOptions {
  /** Defaults to "accuracy". */
  readonly yLabel?: string;
  /** Name of the series that no selector can beat (pass@k): drawn without marks, in grey. */
  readonly oracle?: string;
  /** Accuracy of one candidate taken at random, drawn as a level. */
  readonly passAt1?: number;
  /** What the series' intervals are; defaults to "95 % interval". */
  readonly intervalLabel?: string;
}

const ORACLE = "#595959";

/**
 * Accuracy of best-of-k selection over k, one curve per selector (a PRM, self-consistency, the oracle); k on a
 * logarithmic axis with a tick at each k. The band is a series' own interval, or mean ± standard deviation where a name
 * has several runs.
 *
 * @param series  step = numbers of candidates k, value = accuracy (a fraction, or percent if the label says so)
 * @throws RangeError as `trainingCurves`; for k < 1; for an oracle that is no series; for an interval that does not fit
 *         its series, or of a name with several runs
 * @example
 * bestOfKCurves(
 *   [
 *     { name: "PRM", step: [1, 2, 4], value: [0.4, 0.5, 0.6], interval: { low: [0.35, 0.45, 0.55], high: [0.45, 0.55, 0.65] } },
 *     { name: "oracle", step: [1, 2, 4], value: [0.4, 0.6, 0.8] },
 *   ],
 *   { oracle: "oracle", passAt1: 0.4 },
 * );
 */
export function bestOfKCurves(series: readonly ScalingSeries[], options: BestOfKOptions = {}): Figure {
  const { yLabel = "accuracy", oracle, passAt1, intervalLabel = "95 % interval" } = options;
  const curves = averaged(series, "bestOfKCurves").map((one) => {
    const own = series.filter(({ name }) => name === one.name);
    return own.some(({ interval }) => interval) ? withInterval(own) : withDeviation(one);
  });
  const ks = [...new Set(curves.flatMap(({ step }) => step))].sort((a, b) => a - b);
  if (ks[0] < 1) throw new RangeError(`bestOfKCurves: k is ${ks[0]}; the number of candidates is at least 1`);
  if (oracle !== undefined && !curves.some(({ name }) => name === oracle)) {
    throw new RangeError(
      `bestOfKCurves: the oracle "${oracle}" is none of ${curves.map(({ name }) => name).join(", ")}`,
    );
  }
  if (passAt1 !== undefined && !Number.isFinite(passAt1)) throw new RangeError(`bestOfKCurves: passAt1 is ${passAt1}`);

  const seeded = withCounts(
    curves.filter(({ runs }) => runs.length > 1),
    "mean ± std",
  );
  const shown = curves.map((curve): Curve => ({
    ...(seeded.curves.find(({ runs }) => runs === curve.runs) ?? curve),
    ...(curve.name === oracle ? { color: ORACLE } : {}),
  }));
  const ends = [ks[0], ks.at(-1) as number];
  const level: Curve[] =
    passAt1 === undefined ? [] : [{ name: "pass@1", step: ends, center: [passAt1, passAt1], runs: [], color: "#000" }];
  const { range } = curveAxis([...shown, ...level], false);
  return {
    data: [
      ...level.map(({ name, step, center, color }): Trace => ({
        type: "scatter",
        mode: "lines",
        name,
        x: step,
        y: center,
        line: { color: color as string, dash: "dot", width: 0.8 },
      })),
      ...shown.flatMap((curve, i) =>
        curveTraces(curve, i, curves[i].name === oracle ? "lines" : "lines+markers", false),
      ),
    ],
    layout: {
      ...curveLayout,
      xaxis: { title: { text: "candidates per question k" }, ...candidatesAxis(ks) },
      yaxis: { title: { text: yLabel }, range },
      annotations: [
        ...endNames([...shown, ...level], range, false),
        ...(series.some(({ interval }) => interval) ? [noteAbove(`band: ${intervalLabel}`)] : seeded.note),
      ],
    },
    alt: described(`${yLabel} of best-of-k over k`, curves),
  };
}

function withInterval(own: readonly ScalingSeries[]): Curve {
  const [{ name, step, value, interval }] = own;
  if (own.length > 1) {
    throw new RangeError(
      `bestOfKCurves: "${name}" has ${own.length} runs and an interval; give one series with its interval, or runs without`,
    );
  }
  const [low, high] = [Array.from(interval?.low ?? []), Array.from(interval?.high ?? [])];
  const center = Array.from(value);
  if (low.length !== center.length || high.length !== center.length) {
    throw new RangeError(
      `bestOfKCurves: "${name}" has ${center.length} values, ${low.length} lower and ${high.length} upper bounds; give one each`,
    );
  }
  const bad = center.findIndex((v, k) => !(low[k] <= v && v <= high[k]));
  if (bad >= 0) {
    throw new RangeError(
      `bestOfKCurves: "${name}" has the interval [${low[bad]}, ${high[bad]}] around ${center[bad]} at k = ${step[bad]}`,
    );
  }
  return { name, step: Array.from(step), center, band: { low, high }, runs: [center] };
}

/** Ticks at the k, without those that would touch the one before. */
function candidatesAxis(ks: readonly number[]): Figure["layout"] {
  const range = extent(ks.map(Math.log10));
  const least = (range[1] - range[0]) * 0.07;
  const tickvals = ks.reduce<number[]>((kept, k) => {
    const before = kept.at(-1);
    return before !== undefined && Math.log10(k / before) < least ? kept : [...kept, k];
  }, []);
  return { type: "log", range, tickmode: "array", tickvals, ticktext: tickvals.map(String) };
}
