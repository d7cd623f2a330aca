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
  const data = curves.flatMap((curve, i) => [...band(curve, i, logY), line(curve, i, "lines", logY)]);
  const yaxis = logY
    ? { title: { text: yLabel }, type: "log", dtick: 1, exponentformat: "power" }
    : { title: { text: yLabel } };
  return {
    data,
    layout: { xaxis: { title: { text: xLabel } }, yaxis, ...legend(curves), hovermode: "x unified" },
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
  if ((ks[0] as number) < 1)
    throw new RangeError(`bestOfKCurves: k is ${ks[0]}; the number of candidates is at least 1`);
  return {
    data: curves.flatMap((curve, i) => [...band(curve, i, false), line(curve, i, "lines+markers", false)]),
    layout: {
      xaxis: { title: { text: "candidates per question k" }, type: "log", tickmode: "array", tickvals: ks, ticktext: ks.map(String) },
      yaxis: { title: { text: yLabel } },
      ...legend(curves),
      hovermode: "x unified",
    }, // prettier-ignore
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
    const valueAt = runs.map((run) => new Map(Array.from(run.step, (s, i) => [s, run.value[i] as number])));
    const step = [...(valueAt[0] as Map<number, number>).keys()].filter((s) => valueAt.every((run) => run.has(s)));
    if (step.length === 0) {
      throw new RangeError(`${figure}: the ${runs.length} runs of "${name}" share no step; log them at the same steps`);
    }
    const values = step.map((s) => valueAt.map((run) => run.get(s) as number));
    const means = values.map(mean);
    const kept = keptPoints(step, means);
    const at = <T>(list: readonly T[]): T[] => kept.map((i) => list[i] as T);
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
    if (!Number.isFinite(step[i]) || (i > 0 && (step[i] as number) <= (step[i - 1] as number))) {
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
    type: "scatter", mode, name: curve.name, legendgroup: curve.name,
    x: curve.step, y: curve.mean.map((v) => drawable(v, logY)),
    line: { color, dash }, marker: { color, symbol },
  }; // prettier-ignore
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
    const [m, s, least] = [curve.mean[k], curve.std[k], curve.least[k]] as [number, number, number];
    if (drawable(m, logY) === null) return close();
    piece.push({ step, high: m + s, low: logY && m - s <= 0 ? Math.max(least, m * 1e-3) : m - s });
  });
  close();
  const fillcolor = faded(mark(i).color, 0.2);
  return [
    { type: "scatter", mode: "lines", x, y, fill: "toself", fillcolor, line: { width: 0 }, hoverinfo: "skip",
      showlegend: false, legendgroup: curve.name },
  ]; // prettier-ignore
}

/** Legend that says of how many runs the mean ± standard deviation is. */
function legend(curves: readonly Averaged[]): Record<string, Json> {
  const counts = new Set(curves.map((curve) => curve.runs));
  const [runs] = counts;
  if (counts.size > 1) {
    return {
      showlegend: true,
      legend: { title: { text: `mean ± std of ${curves.map((c) => c.runs).join(", ")} seeds` } },
    };
  }
  if (runs === 1) return { showlegend: curves.length > 1 };
  return { showlegend: true, legend: { title: { text: `mean ± std, ${runs} seeds` } } };
}
