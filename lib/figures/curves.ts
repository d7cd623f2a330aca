import { endLabels, noteAbove, twoLines } from "./labels.js";
import { keptPoints, mean, spread } from "./statistics.js";
import { faded, mark } from "./theme.js";
import type { Figure, Json, Trace } from "./types.js";

/** Values of one run over its steps. Runs of the same name are seeds of the same thing. */
export interface Series {
  readonly name: string;
  /** Ascending, [n]. */
  readonly step: ArrayLike<number>;
  /** [n]; values that are not finite leave a gap. */
  readonly value: ArrayLike<number>;
}

interface Averaged {
  readonly name: string;
  readonly runs: number;
  readonly step: number[];
  readonly mean: number[];
  readonly std: number[];
  /** Least value of any run, per step. */
  readonly least: number[];
}

/**
 * Curves of training: one line per name; the mean ± standard deviation band where a name has several runs.
 * Runs are averaged over the steps that all of them have.
 *
 * @param options.yLabel  with its unit
 * @param options.xLabel  defaults to "iteration"
 * @param options.logY    logarithmic y axis, defaults to false; values ≤ 0 leave gaps, and the
 *                        band's lower edge stops at the least run where mean − std ≤ 0
 * @throws RangeError where steps and values differ in number, steps do not ascend, or runs share no step
 */
export function trainingCurves(
  series: readonly Series[],
  { yLabel, xLabel = "iteration", logY = false }: { yLabel: string; xLabel?: string; logY?: boolean },
): Figure {
  const curves = averaged(series, "trainingCurves");
  const { range, ...yScale } = yAxis(curves, logY);
  return {
    data: curves.flatMap((curve, i) => [...band(curve, i, logY), line(curve, i, "lines", logY)]),
    layout: {
      xaxis: {
        title: { text: xLabel },
        range: extent(curves.flatMap((curve) => [curve.step[0], curve.step.at(-1)] as number[])),
      },
      yaxis: { title: { text: yLabel }, range, ...yScale },
      annotations: [...names(curves, range, logY), ...spreadNote(curves)],
      showlegend: false,
      hovermode: "x unified",
    },
    alt: `${yLabel} over ${xLabel}: ${curves.map(describe).join("; ")}.`,
  };
}

/**
 * Accuracy of best-of-k selection over k, one curve per selector; k on a logarithmic axis
 * with a tick at each k. Mean ± standard deviation where a name has several runs.
 *
 * @param series  step = numbers of candidates k, value = accuracy (a fraction, or percent if the label says so)
 * @param options.yLabel  defaults to "accuracy"
 * @throws as `trainingCurves`, and for k < 1
 */
export function bestOfKCurves(series: readonly Series[], { yLabel = "accuracy" }: { yLabel?: string } = {}): Figure {
  const curves = averaged(series, "bestOfKCurves");
  const ks = [...new Set(curves.flatMap((curve) => curve.step))].sort((a, b) => a - b);
  if (ks[0] < 1) throw new RangeError(`bestOfKCurves: k is ${ks[0]}; the number of candidates is at least 1`);
  const { range } = yAxis(curves, false);
  return {
    data: curves.flatMap((curve, i) => [...band(curve, i, false), line(curve, i, "lines+markers", false)]),
    layout: {
      xaxis: {
        title: { text: "candidates per question k" },
        type: "log",
        range: extent(ks.map(Math.log10)),
        tickmode: "array",
        tickvals: ks,
        ticktext: ks.map(String),
      },
      yaxis: { title: { text: yLabel }, range },
      annotations: [...names(curves, range, false), ...spreadNote(curves)],
      showlegend: false,
      hovermode: "x unified",
    },
    alt: `${yLabel} of best-of-k over k: ${curves.map(describe).join("; ")}.`,
  };
}

const describe = (curve: Averaged): string => {
  const last = curve.mean.findLast(Number.isFinite);
  return `${curve.name} ends at ${last?.toPrecision(3) ?? "no finite value"} (${curve.runs} run${curve.runs > 1 ? "s" : ""})`;
};

function averaged(series: readonly Series[], figure: string): Averaged[] {
  if (series.length === 0) throw new RangeError(`${figure}: no series given`);
  const byName = new Map<string, Series[]>();
  for (const run of series) {
    checkSteps(run, figure);
    byName.set(run.name, [...(byName.get(run.name) ?? []), run]);
  }
  return [...byName].map(([name, runs]) => {
    const valueAt = runs.map((run) => new Map(Array.from(run.step, (s, i) => [s, run.value[i]])));
    const step = [...valueAt[0].keys()].filter((s) => valueAt.every((run) => run.has(s)));
    if (step.length === 0) {
      throw new RangeError(`${figure}: the ${runs.length} runs of "${name}" share no step; log them at the same steps`);
    }
    const values = step.map((s) => valueAt.map((run) => run.get(s) as number));
    const means = values.map(mean);
    const kept = keptPoints(step, means);
    const at = <T>(list: readonly T[]): T[] => kept.map((i) => list[i]);
    return {
      name,
      runs: runs.length,
      step: at(step),
      mean: at(means),
      std: at(values.map(spread)),
      least: at(values.map((v) => Math.min(...v))),
    };
  });
}

function checkSteps({ name, step, value }: Series, figure: string): void {
  if (step.length !== value.length) {
    throw new RangeError(
      `${figure}: series "${name}" has ${step.length} steps and ${value.length} values; it needs one value per step`,
    );
  }
  if (step.length === 0) throw new RangeError(`${figure}: series "${name}" is empty`);
  for (let i = 0; i < step.length; i++) {
    if (!Number.isFinite(step[i]) || (i > 0 && step[i] <= step[i - 1])) {
      throw new RangeError(
        `${figure}: series "${name}" has step ${step[i]} at index ${i}; steps are finite and ascend`,
      );
    }
  }
}

const drawable = (value: number, logY: boolean): number | null =>
  Number.isFinite(value) && !(logY && value <= 0) ? value : null;

function line(curve: Averaged, i: number, mode: string, logY: boolean): Trace {
  const { color, dash, symbol } = mark(i);
  return {
    type: "scatter",
    mode,
    name: curve.name,
    x: curve.step,
    y: curve.mean.map((v) => drawable(v, logY)),
    line: { color, dash },
    marker: { color, symbol },
  };
}

function bandEdges(curve: Averaged, k: number, logY: boolean): [number, number] {
  const [m, s, least] = [curve.mean[k], curve.std[k], curve.least[k]] as [number, number, number];
  return [logY && m - s <= 0 ? Math.max(least, m * 1e-3) : m - s, m + s];
}

/** The area mean ± std, in one closed piece between any two gaps. */
function band(curve: Averaged, i: number, logY: boolean): Trace[] {
  if (curve.runs === 1) return [];
  const x: (number | null)[] = [];
  const y: (number | null)[] = [];
  let piece: { step: number; low: number; high: number }[] = [];
  const close = (): void => {
    if (piece.length > 0) {
      x.push(...piece.map((p) => p.step), ...piece.map((p) => p.step).reverse(), null);
      y.push(...piece.map((p) => p.high), ...piece.map((p) => p.low).reverse(), null);
    }
    piece = [];
  };
  curve.step.forEach((step, k) => {
    if (drawable(curve.mean[k], logY) === null) return close();
    const [low, high] = bandEdges(curve, k, logY);
    piece.push({ step, low, high });
  });
  close();
  const fillcolor = faded(mark(i).color, 0.2);
  return [
    {
      type: "scatter",
      mode: "lines",
      x,
      y,
      fill: "toself",
      fillcolor,
      line: { width: 0 },
      hoverinfo: "skip",
      showlegend: false,
    },
  ];
}

/** The curves' names at their right ends. Positions on a logarithmic axis are logarithms. */
function names(curves: readonly Averaged[], range: [number, number], logY: boolean): Json[] {
  const ends = curves.flatMap(({ name, mean }, i) => {
    const y = mean.findLast((v) => drawable(v, logY) !== null);
    return y === undefined ? [] : [{ text: twoLines(name, 16), y: logY ? Math.log10(y) : y, color: mark(i).color }];
  });
  return endLabels(ends, range);
}

/** Says of how many runs the mean ± standard deviation is. */
function spreadNote(curves: readonly Averaged[]): Json[] {
  const counts = [...new Set(curves.map((curve) => curve.runs))];
  if (counts.length === 1) return counts[0] === 1 ? [] : [noteAbove(`mean ± std, ${counts[0]} seeds`)];
  return [noteAbove(`mean ± std; seeds: ${curves.map(({ name, runs }) => `${name} ${runs}`).join(", ")}`)];
}

/** Range (of the logarithms on a logarithmic axis) and, there, ticks at 1, 2, 5 where it spans little. */
function yAxis(curves: readonly Averaged[], logY: boolean): { range: [number, number]; [attribute: string]: Json } {
  const edges = curves.flatMap((curve) => curve.mean.flatMap((m, k) => [m, ...bandEdges(curve, k, logY)]));
  const shown = edges.filter((v) => drawable(v, logY) !== null).map((v) => (logY ? Math.log10(v) : v));
  const [low, high] = shown.length > 0 ? extent(shown) : [0, 1];
  const pad = 0.04 * (high - low || 1);
  const range: [number, number] = [low - pad, high + pad];
  if (!logY) return { range };
  return {
    range,
    type: "log",
    ...(high - low < 1.5 ? { tickmode: "array", ...ticks125(range) } : { dtick: 1, exponentformat: "power" }),
  };
}

function ticks125([low, high]: readonly [number, number]): { tickvals: number[]; ticktext: string[] } {
  const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  const steps = high - low < 0.4 ? [1, 1.5, 2, 3, 4, 5, 6, 7, 8] : [1, 2, 5];
  const tickvals = decades.flatMap((decade) => steps.map((s) => Number(`${s}e${decade}`)));
  return { tickvals, ticktext: tickvals.map(String) };
}

const extent = (values: readonly number[]): [number, number] =>
  values.reduce<[number, number]>(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
