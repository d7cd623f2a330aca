import { endLabels, noteAbove, twoLines } from "./labels.js";
import { keptPoints } from "./statistics.js";
import { faded, mark } from "./theme.js";
import type { Figure, Json, Trace } from "./types.js";

/** What is drawn of a thing over steps: a line, the band around it, and each of its runs as a faint line. */
export interface Curve {
  readonly name: string;
  readonly step: readonly number[];
  /** Of the line, [steps]; what is not finite is a gap. */
  readonly center: readonly number[];
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] } | undefined;
  /** [runs][steps] */
  readonly runs: readonly (readonly number[])[];
  /** Defaults to that of the curve's place in its figure. */
  readonly color?: string;
}

/** Points of a faint line; few, because there are many of them. */
const FAINT_POINTS = 100;

const drawable = (value: number, log: boolean): boolean => Number.isFinite(value) && !(log && value <= 0);

/**
 * A curve's traces, the line last, drawn as the i-th thing of its figure. Traces that belong together share a `legendgroup`.
 *
 * @param mode  of the line, Plotly's
 * @param log   whether the y axis is logarithmic: values ≤ 0 are gaps
 */
export function curveTraces(curve: Curve, i: number, mode: "lines" | "lines+markers", log: boolean): Trace[] {
  const { color, dash, symbol } = { ...mark(i), ...curve };
  const below = {
    type: "scatter",
    mode: "lines",
    hoverinfo: "skip",
    showlegend: false,
    legendgroup: curve.name,
  } as const;
  const y = (values: readonly number[]): (number | null)[] => values.map((v) => (drawable(v, log) ? v : null));
  const faint = curve.runs.length < 2 ? [] : curve.runs;
  return [
    ...(curve.band ? [{ ...below, ...outline(curve, log), fill: "toself", fillcolor: faded(color, 0.18), line: { width: 0 } }] : []), // prettier-ignore
    ...faint.map((run) => {
      const kept = keptPoints(curve.step, run, FAINT_POINTS);
      return { ...below, x: kept.map((k) => curve.step[k]), y: y(kept.map((k) => run[k])), line: { color: faded(color, 0.4), width: 0.6 } }; // prettier-ignore
    }),
    {
      type: "scatter",
      mode,
      name: curve.name,
      legendgroup: curve.name,
      x: curve.step,
      y: y(curve.center),
      line: { color, dash },
      ...(mode === "lines" ? {} : { marker: { color, symbol }, cliponaxis: false }),
    },
  ];
}

/** The band as one closed piece between any two gaps. */
function outline({ step, center, band }: Curve, log: boolean): Pick<Trace, "x" | "y"> {
  const [x, y]: (number | null)[][] = [[], []];
  let piece: number[] = [];
  const close = (): void => {
    const back = [...piece].reverse();
    if (piece.length > 0 && band) {
      x.push(...[...piece, ...back].map((k) => step[k]), null);
      y.push(...piece.map((k) => band.high[k]), ...back.map((k) => band.low[k]), null);
    }
    piece = [];
  };
  center.forEach((value, k) => (drawable(value, log) ? piece.push(k) : close()));
  close();
  return { x, y };
}

/** The curves' names at their right ends. Positions on a logarithmic axis are logarithms. */
export function endNames(curves: readonly Curve[], range: readonly [number, number], log: boolean): Json[] {
  const ends = curves.flatMap(({ name, center, color }, i) => {
    const y = center.findLast((v) => drawable(v, log));
    if (y === undefined) return [];
    return [{ text: twoLines(name, 16), y: log ? Math.log10(y) : y, color: color ?? mark(i).color }];
  });
  return endLabels(ends, range);
}

/** The curves with their number of runs in their names where it differs, and what is said above the plot of all of them. */
export function withCounts<C extends Curve>(curves: readonly C[], spread: string): { curves: C[]; note: Json[] } {
  const counts = new Set(curves.map(({ runs }) => runs.length));
  if (counts.size > 1) {
    const named = curves.map((curve) => ({ ...curve, name: `${curve.name} (N = ${curve.runs.length})` }));
    return { curves: named, note: [noteAbove(`${spread} over N seeds; thin: each seed`)] };
  }
  const [n] = counts;
  return { curves: [...curves], note: (n ?? 1) === 1 ? [] : [noteAbove(`${spread}, N = ${n} seeds; thin: each seed`)] };
}

/** Range (of the logarithms on a logarithmic axis), with ticks as `logTicks` there. */
export function curveAxis(
  curves: readonly Curve[],
  log: boolean,
): { range: [number, number]; [attribute: string]: Json } {
  const values = curves.flatMap(({ center, band, runs }) => [
    ...center,
    ...(band ? [...band.low, ...band.high] : []),
    ...runs.flat(),
  ]);
  const shown = values.filter((v) => drawable(v, log)).map((v) => (log ? Math.log10(v) : v));
  const [low, high] = shown.length > 0 ? extent(shown) : [0, 1];
  const pad = 0.04 * (high - low || 1);
  const range: [number, number] = [low - pad, high + pad];
  return log ? { range, ...logTicks(range) } : { range };
}

/** A logarithmic axis: ticks at 1, 2, 5 where it spans little, else at powers of ten, at most about six of them. */
export function logTicks([low, high]: readonly [number, number]): { [attribute: string]: Json } {
  const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  const isShort = low > -3 && high < 5;
  if (high - low >= 1.5 && !isShort)
    return { type: "log", dtick: Math.ceil((high - low) / 6), exponentformat: "power" };
  const steps = high - low >= 1.5 ? [1] : high - low < 0.4 ? [1, 1.5, 2, 3, 4, 5, 6, 7, 8] : [1, 2, 5];
  const tickvals = decades.flatMap((decade) => steps.map((s) => Number(`${s}e${decade}`)));
  return { type: "log", tickmode: "array", tickvals, ticktext: tickvals.map(String) };
}

export const extent = (values: readonly number[]): [number, number] =>
  values.reduce<[number, number]>(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);

/** What figures of curves say of them in words. */
export const described = (figure: string, curves: readonly Curve[]): string =>
  `${figure}: ${curves.map(({ name, center, runs }) => {
    const last = center.findLast(Number.isFinite);
    return `${name} ends at ${last?.toPrecision(3) ?? "no finite value"} (${runs.length} run${runs.length > 1 ? "s" : ""})`;
  }).join("; ")}.`; // prettier-ignore

/** Layout that figures of curves share. */
export const curveLayout = { showlegend: false, hovermode: "x unified" } as const satisfies Figure["layout"];
