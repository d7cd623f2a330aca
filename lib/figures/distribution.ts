import { quantileOfSorted } from "./statistics.js";
import { faded, okabeIto } from "./theme.js";
import type { Trace } from "./types.js";

const FRACTIONS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

function quantiles(rows: readonly number[][]): number[][] {
  const perStep = rows[0].map((_, s) => Float64Array.from(rows, (row) => row[s]).sort());
  return FRACTIONS.map((fraction) => perStep.map((sorted) => quantileOfSorted(sorted, fraction)));
}

export const distributionRange = (rows: readonly number[][]): number[] => [1, ...quantiles(rows).flat()];

export function distribution(rows: readonly number[][], steps: readonly number[]): Trace[] {
  const [q05, q25, q50, q75, q95] = quantiles(rows) as [number[], number[], number[], number[], number[]];
  const x = [...steps, ...[...steps].reverse()];
  const area = (name: string, low: number[], high: number[], opacity: number): Trace => ({
    type: "scatter",
    mode: "lines",
    name,
    x,
    y: [...high, ...[...low].reverse()],
    fill: "toself",
    fillcolor: faded(okabeIto[0], opacity),
    line: { width: 0 },
    hoverinfo: "skip",
  });
  return [
    area(`90 % of ${rows.length} weights`, q05, q95, 0.15),
    area("50 %", q25, q75, 0.4),
    { type: "scatter", mode: "lines", name: "median", x: [...steps], y: q50, line: { color: okabeIto[0] } },
  ];
}
