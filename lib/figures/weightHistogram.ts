import { noteAbove } from "./labels.js";
import { faded, okabeIto } from "./theme.js";
import type { Figure, Trace } from "./types.js";

/** How many entries weigh how much over time, as `alphaHistogram` gives it. */
export interface WeightCounts {
  /** K */
  readonly entries: number;
  /** [T], ascending */
  readonly steps: readonly number[];
  /** ascending, [B + 1] */
  readonly edges: ArrayLike<number>;
  /** [T, B], row-major */
  readonly counts: ArrayLike<number>;
}

export interface WeightHistogramOptions {
  /** The snapshots at or before these steps; defaults to six from the first to the last, evenly. */
  readonly steps?: readonly number[];
  /** Of the weights, defaults to "weight (1 = unweighted)". */
  readonly xLabel?: string;
  /** Of the steps, defaults to "upper iteration". */
  readonly yLabel?: string;
}

const ROWS = 6;
/** Height of a histogram's peak, in rows. */
const PEAK = 0.82;

/**
 * Histograms of the weights one above another, from the first step at the bottom to the last on top. Each is as high as
 * its row; what share of the entries its fullest bin holds stands at its right.
 *
 * @throws RangeError for no snapshots, or a step before the first
 * @example weightHistogram(alphaHistogram(await record.weights()))
 */
export function weightHistogram(
  { entries, steps, edges, counts }: WeightCounts,
  { steps: wanted, xLabel = "weight (1 = unweighted)", yLabel = "upper iteration" }: WeightHistogramOptions = {},
): Figure {
  if (steps.length === 0) throw new RangeError("weightHistogram: no steps; log at least one snapshot of the weights");
  const rows = wanted ? wanted.map((step) => snapshot(steps, step)) : evenly(steps.length, ROWS);
  const bins = edges.length - 1;
  const peaks = rows.map((t) => Math.max(...Array.from({ length: bins }, (_, b) => counts[t * bins + b])));
  const [low, high] = [edges[0], edges[bins]];
  const ridges = rows.map((t, row): Trace => {
    const height = (b: number): number => row + (PEAK * counts[t * bins + b]) / (peaks[row] || 1);
    // the outline of the bars: up at a bin's lower edge, along to its upper edge
    const inner = Array.from({ length: bins }, (_, b) => b);
    return {
      type: "scatter",
      mode: "lines",
      name: `${steps[t]}`,
      x: [low, ...inner.flatMap((b) => [edges[b], edges[b + 1]]), high],
      y: [row, ...inner.flatMap((b) => [height(b), height(b)]), row],
      fill: "toself",
      fillcolor: faded(okabeIto[0], 0.3),
      line: { color: okabeIto[0], width: 1, simplify: false },
      showlegend: false,
      hoverinfo: "skip",
    };
  });
  const share = (row: number): string => `${Number(((100 * peaks[row]) / entries).toPrecision(2))} %`;
  return {
    data: ridges,
    layout: {
      xaxis: { title: { text: xLabel }, range: [low, high] },
      yaxis: {
        title: { text: yLabel },
        tickmode: "array",
        tickvals: rows.map((_, row) => row),
        ticktext: rows.map((t) => `${steps[t]}`),
        range: [0, rows.length],
      },
      shapes: [{ type: "line", x0: 1, x1: 1, yref: "paper", y0: 0, y1: 1, layer: "below", line: { dash: "dot" } }],
      annotations: [
        ...rows.map((_, row) => ({
          ...{ text: `peak ${share(row)}`, xref: "paper", x: 1, xanchor: "left", y: row, yanchor: "bottom" },
        })),
        noteAbove(`peak: share of the ${entries.toLocaleString("en")} weights in the fullest bin`),
      ],
      hovermode: "closest",
    },
    alt: `Histograms of ${entries} weights at ${yLabel} ${rows.map((t) => steps[t]).join(", ")}; the fullest of ${bins} bins holds ${rows.map((_, row) => share(row)).join(", ")} of them.`,
  };
}

function snapshot(steps: readonly number[], step: number): number {
  const t = steps.findLastIndex((s) => s <= step);
  if (t === -1) throw new RangeError(`weightHistogram: no snapshot at step ${step}; the first is at step ${steps[0]}`);
  return t;
}

/** At most `count` of the indices 0 … n − 1, the first and the last among them. */
function evenly(n: number, count: number): number[] {
  if (n <= count) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.round((i * (n - 1)) / (count - 1)));
}
