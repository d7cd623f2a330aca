import { distribution, distributionRange } from "./distribution.js";
import { endLabels, LABEL_SHARE_BELOW_LEGEND, noteAbove } from "./labels.js";
import { padded, qualityOf } from "./scales.js";
import { keptPoints, rankCorrelation } from "./statistics.js";
import { mark, scaleColor } from "./theme.js";
import type { Figure, Trace } from "./types.js";

/** Learned weights over time. */
export interface WeightSeries {
  readonly names: readonly string[];
  readonly steps: ArrayLike<number>;
  /** Row-major [steps × names], or one row of values per name, [names][steps]. */
  readonly values: Float32Array | readonly ArrayLike<number>[];
}

export interface AlphaOverTimeOptions {
  /** A known quality per name: sorts and colours the lines, stands in the labels, and is rank-correlated with the last weights. */
  readonly against?: Readonly<Record<string, number>>;
  /** Defaults to "planted quality". */
  readonly againstLabel?: string;
  /** Names to draw in full; the others become grey. With many names: the lines drawn over the distribution. */
  readonly highlight?: readonly string[];
  /** Defaults to "weight (1 = unweighted)". */
  readonly yLabel?: string;
  /** Defaults to "upper iteration". */
  readonly xLabel?: string;
}

/** More names than this are shown as their distribution over time. */
const MANY = 20;

/**
 * Weights over time: one labelled line per name. With more than 20 names (an instance table) the median
 * and the ranges that hold 50 and 90 % of the weights, with the two highest and two lowest names at the end.
 *
 * @throws RangeError where names, steps and values do not fit, a value is not finite, or a name has no quality
 */
export function alphaOverTime(series: WeightSeries, options: AlphaOverTimeOptions = {}): Figure {
  const {
    against,
    againstLabel = "planted quality",
    yLabel = "weight (1 = unweighted)",
    xLabel = "upper iteration",
  } = options;
  const { names, steps, rows } = checked(series);
  const last = rows.map((row) => row[row.length - 1]);
  const many = names.length > MANY;
  const highlight = options.highlight ?? (many ? extremes(names, last) : names);
  for (const name of highlight) indexOf(names, name, "highlight");
  const quality = against && names.map((name) => qualityOf(against, name));

  const digits = quality?.every((q) => Math.abs(q * 10 - Math.round(q * 10)) < 1e-9) ? 1 : 2;

  const drawn = names.map((_, i) => i).filter((i) => !many || highlight.includes(names[i]));
  drawn.sort((a, b) => (quality ? quality[b] - quality[a] : 0));
  const looks = new Map(
    drawn.map((i, rank) => [
      i,
      look(many ? rank + 1 : rank, highlight.includes(names[i]), quality && scaled(quality, i)),
    ]),
  );
  const lines = drawn.map((i): Trace => {
    const { color, dash } = looks.get(i) as Look;
    return {
      type: "scatter",
      mode: "lines",
      name: labelOf(i),
      x: steps,
      y: rows[i],
      line: { color, dash },
      showlegend: false,
    };
  });

  const range = padded(many ? [...distributionRange(rows), ...drawn.flatMap((i) => rows[i])] : [1, ...rows.flat()]);
  const ends = drawn
    .filter((i) => highlight.includes(names[i]))
    .map((i) => ({ text: labelOf(i), y: last[i], color: (looks.get(i) as Look).color }));
  const correlation = quality && rankCorrelation(quality, last);
  const notes =
    correlation === undefined
      ? []
      : [noteAbove(`in brackets: ${againstLabel}; Spearman ρ at the end: ${correlation.toFixed(2)}`)];
  return {
    data: many ? [...distribution(rows, steps), ...lines] : lines,
    layout: {
      xaxis: { title: { text: xLabel }, range: [steps[0], steps[steps.length - 1]] },
      yaxis: { title: { text: yLabel }, range },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 1, y1: 1, layer: "below", line: { dash: "dot" } }],
      annotations: [...endLabels(ends, range, many ? LABEL_SHARE_BELOW_LEGEND : undefined), ...notes],
      legend: { traceorder: "normal" },
      hovermode: "closest",
    },
    alt: `Weights of ${names.length} entries over ${series.steps.length} values of ${xLabel}; at the end highest ${extremes(names, last)[0]}, lowest ${extremes(names, last).at(-1)}${correlation === undefined ? "" : `; rank correlation with ${againstLabel} ${correlation.toFixed(2)}`}.`,
  };

  function labelOf(i: number): string {
    return quality ? `${names[i]} (${quality[i].toFixed(digits)})` : names[i];
  }
}

type Look = { color: string; dash: string };
function look(rank: number, highlighted: boolean, quality: number | undefined): Look {
  if (!highlighted) return { color: "#B0B0B0", dash: "solid" };
  return { ...mark(rank), ...(quality === undefined ? {} : { color: scaleColor(quality) }) };
}

function scaled(quality: readonly number[], i: number): number {
  const [low, high] = [Math.min(...quality), Math.max(...quality)];
  return high > low ? (quality[i] - low) / (high - low) : 0.5;
}

function checked({ names, steps, values }: WeightSeries): {
  names: readonly string[];
  steps: number[];
  rows: number[][];
} {
  const [S, K] = [steps.length, names.length];
  if (S === 0 || K === 0)
    throw new RangeError(`alphaOverTime: ${K} names and ${S} steps; log at least one snapshot of the weights`);
  const fits =
    values instanceof Float32Array
      ? values.length === S * K
      : values.length === K && values.every((row) => row.length === S);
  if (!fits) {
    const got =
      values instanceof Float32Array
        ? `${values.length} values`
        : `rows of ${values.map((row) => row.length).join(", ")} values`;
    throw new RangeError(`alphaOverTime: ${K} names × ${S} steps need ${S * K} values, got ${got}`);
  }
  const at = (k: number, s: number): number => (values instanceof Float32Array ? values[s * K + k] : values[k][s]);
  const total = Array.from({ length: S }, (_, s) => names.reduce((sum, _name, k) => sum + at(k, s) ** 2, 0));
  const bad = total.findIndex((t) => !Number.isFinite(t));
  if (bad >= 0) {
    const name = names.findIndex((_, k) => !Number.isFinite(at(k, bad)));
    throw new RangeError(
      `alphaOverTime: weight of "${names[name]}" is ${at(name, bad)} at step ${steps[bad]}; weights are finite`,
    );
  }
  const kept = keptPoints(steps, total, K > MANY ? 120 : 250);
  return { names, steps: kept.map((s) => steps[s]), rows: names.map((_, k) => kept.map((s) => at(k, s))) };
}

function indexOf(names: readonly string[], name: string, option: string): number {
  const i = names.indexOf(name);
  if (i < 0) throw new RangeError(`${option}: no entry is named "${name}"; names: ${names.slice(0, 20).join(", ")}`);
  return i;
}

function extremes(names: readonly string[], last: readonly number[]): string[] {
  const order = names.map((_, i) => i).sort((a, b) => last[b] - last[a]);
  return [...new Set([...order.slice(0, 2), ...order.slice(-2)])].map((i) => names[i]);
}
