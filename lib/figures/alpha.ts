import { endLabels, textPositions } from "./labels.js";
import { keptPoints, mean, quantileOfSorted, rankCorrelation, spread } from "./statistics.js";
import { faded, mark, okabeIto, scaleColor } from "./theme.js";
import type { Figure, Json, Trace } from "./types.js";

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
  const last = rows.map((row) => row[row.length - 1] as number);
  const many = names.length > MANY;
  const highlight = options.highlight ?? (many ? extremes(names, last) : names);
  for (const name of highlight) indexOf(names, name, "highlight");
  const quality = against && names.map((name) => qualityOf(against, name));

  const drawn = names.map((_, i) => i).filter((i) => !many || highlight.includes(names[i] as string));
  drawn.sort((a, b) => (quality ? (quality[b] as number) - (quality[a] as number) : 0));
  const looks = new Map(
    drawn.map((i, rank) => [i, look(rank, highlight.includes(names[i] as string), quality && scaled(quality, i))]),
  );
  const lines = drawn.map((i): Trace => {
    const { color, dash } = looks.get(i) as Look;
    return {
      type: "scatter",
      mode: "lines",
      name: labelOf(i),
      x: steps,
      y: rows[i] as number[],
      line: { color, dash },
      showlegend: false,
    };
  });

  const range = padded(
    many ? [...distributionRange(rows), ...drawn.flatMap((i) => rows[i] as number[])] : [1, ...rows.flat()],
  );
  const ends = drawn.filter((i) => highlight.includes(names[i] as string))
    .map((i) => ({ text: labelOf(i), y: last[i] as number, color: (looks.get(i) as Look).color })); // prettier-ignore
  const correlation = quality && rankCorrelation(quality, last);
  const notes =
    correlation === undefined
      ? []
      : [corner(`rank correlation with ${againstLabel} at the end: ${correlation.toFixed(2)}`)];
  return {
    data: many ? [...distribution(rows, steps), ...lines] : lines,
    layout: {
      xaxis: { title: { text: xLabel }, range: [steps[0] as number, steps[steps.length - 1] as number] },
      yaxis: { title: { text: yLabel }, range },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 1, y1: 1, layer: "below", line: { dash: "dot" } }],
      annotations: [...endLabels(ends, range), ...notes],
      legend: { traceorder: "normal" },
      hovermode: "closest",
    },
    alt: `Weights of ${names.length} entries over ${steps.length} values of ${xLabel}; at the end highest ${extremes(names, last)[0]}, lowest ${extremes(names, last).at(-1)}${correlation === undefined ? "" : `; rank correlation with ${againstLabel} ${correlation.toFixed(2)}`}.`,
  };

  function labelOf(i: number): string {
    return quality ? `${names[i]} (${Number((quality[i] as number).toFixed(2))})` : (names[i] as string);
  }
}

type Look = { color: string; dash: string };
function look(rank: number, highlighted: boolean, quality: number | undefined): Look {
  if (!highlighted) return { color: "#B0B0B0", dash: "solid" };
  return { ...mark(rank), ...(quality === undefined ? {} : { color: scaleColor(quality) }) };
}

function scaled(quality: readonly number[], i: number): number {
  const [low, high] = [Math.min(...quality), Math.max(...quality)];
  return high > low ? ((quality[i] as number) - low) / (high - low) : 0.5;
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
  const at = (k: number, s: number): number =>
    (values instanceof Float32Array ? values[s * K + k] : (values[k] as ArrayLike<number>)[s]) as number;
  const total = Array.from({ length: S }, (_, s) => names.reduce((sum, _name, k) => sum + at(k, s) ** 2, 0));
  const bad = total.findIndex((t) => !Number.isFinite(t));
  if (bad >= 0) {
    const name = names.findIndex((_, k) => !Number.isFinite(at(k, bad)));
    throw new RangeError(
      `alphaOverTime: weight of "${names[name]}" is ${at(name, bad)} at step ${steps[bad]}; weights are finite`,
    );
  }
  const kept = keptPoints(steps, total, K > MANY ? 120 : 400);
  return { names, steps: kept.map((s) => steps[s] as number), rows: names.map((_, k) => kept.map((s) => at(k, s))) };
}

function qualityOf(against: Readonly<Record<string, number>>, name: string): number {
  const value = Object.hasOwn(against, name) ? against[name] : undefined;
  if (value === undefined || !Number.isFinite(value)) {
    throw new RangeError(
      `quality of "${name}" is ${value}; give one finite number per name (given: ${Object.keys(against).slice(0, 20).join(", ")})`,
    );
  }
  return value;
}

function indexOf(names: readonly string[], name: string, option: string): number {
  const i = names.indexOf(name);
  if (i < 0) throw new RangeError(`${option}: no entry is named "${name}"; names: ${names.slice(0, 20).join(", ")}`);
  return i;
}

function extremes(names: readonly string[], last: readonly number[]): string[] {
  const order = names.map((_, i) => i).sort((a, b) => (last[b] as number) - (last[a] as number));
  return [...new Set([...order.slice(0, 2), ...order.slice(-2)])].map((i) => names[i] as string);
}

const FRACTIONS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

function quantiles(rows: readonly number[][]): number[][] {
  const perStep = (rows[0] as number[]).map((_, s) => Float64Array.from(rows, (row) => row[s] as number).sort());
  return FRACTIONS.map((fraction) => perStep.map((sorted) => quantileOfSorted(sorted, fraction)));
}

const distributionRange = (rows: readonly number[][]): number[] => [1, ...quantiles(rows).flat()];

function distribution(rows: readonly number[][], steps: readonly number[]): Trace[] {
  const [q05, q25, q50, q75, q95] = quantiles(rows) as [number[], number[], number[], number[], number[]];
  const x = [...steps, ...[...steps].reverse()];
  const area = (name: string, low: number[], high: number[], opacity: number): Trace => ({
    type: "scatter", mode: "lines", name, x, y: [...high, ...[...low].reverse()], fill: "toself",
    fillcolor: faded(okabeIto[0], opacity), line: { width: 0 }, hoverinfo: "skip",
  }); // prettier-ignore
  return [
    area(`90 % of ${rows.length} weights`, q05, q95, 0.15),
    area("50 %", q25, q75, 0.3),
    { type: "scatter", mode: "lines", name: "median", x: [...steps], y: q50, line: { color: okabeIto[0] } },
  ];
}

function padded(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
  const pad = Math.max((high - low) * 0.05, 1e-3);
  return [low - pad, high + pad];
}

const corner = (text: string): Json => ({
  text,
  xref: "paper",
  x: 0,
  xanchor: "left",
  yref: "paper",
  y: 1,
  yanchor: "bottom",
});

/**
 * Learned weight of each name against its known quality, with the standard deviation over
 * seeds as error bar. In the corner Spearman's rank correlation: its mean ± standard deviation over the seeds.
 *
 * @param input.names    K names
 * @param input.weights  final weights of each seed, [seeds][K]
 * @param input.quality  one number per name
 * @param options.xLabel defaults to "planted quality"
 * @param options.yLabel defaults to "learned weight"
 * @throws RangeError where the numbers of names, weights and qualities differ, or one is not finite
 */
export function alphaAgainstQuality(
  input: { names: readonly string[]; weights: readonly ArrayLike<number>[]; quality: Readonly<Record<string, number>> },
  { xLabel = "planted quality", yLabel = "learned weight" }: { xLabel?: string; yLabel?: string } = {},
): Figure {
  const { names, weights } = input;
  const quality = names.map((name) => qualityOf(input.quality, name));
  if (names.length < 2 || weights.length === 0) {
    throw new RangeError(
      `alphaAgainstQuality: ${names.length} names and ${weights.length} seeds; needs at least two names and one seed`,
    );
  }
  weights.forEach((seed, s) => {
    const bad = names.findIndex((_, k) => !Number.isFinite(seed[k]));
    if (seed.length !== names.length || bad >= 0) {
      const what =
        seed.length === names.length
          ? `weight ${seed[bad]} for "${names[bad]}"`
          : `${seed.length} weights for ${names.length} names`;
      throw new RangeError(`alphaAgainstQuality: seed ${s} has ${what}`);
    }
  });
  const perName = names.map((_, k) => weights.map((seed) => seed[k] as number));
  const y = perName.map(mean);
  const error = perName.map(spread);
  const rho = weights.map((seed) => rankCorrelation(quality, Array.from(seed)));
  const seeds = weights.length;
  const summary = `Spearman ρ = ${mean(rho).toFixed(2)}${seeds > 1 ? ` ± ${spread(rho).toFixed(2)} (mean ± std, ${seeds} seeds)` : ""}`;

  const [x0, x1] = padded(quality);
  const xRange = [x0 - 0.06 * (x1 - x0), x1 + 0.06 * (x1 - x0)] as const;
  const yRange = padded([...y.map((v, i) => v + (error[i] as number)), ...y.map((v, i) => v - (error[i] as number))]);
  const share = (v: number, [low, high]: readonly [number, number]): number => (v - low) / (high - low);
  const textposition = textPositions(
    names.map((text, i) => ({ text, x: share(quality[i] as number, xRange), y: share(y[i] as number, yRange) })),
  );
  const color = okabeIto[0];
  return {
    data: [
      {
        type: "scatter", mode: "markers+text", x: quality, y, text: [...names], textposition, cliponaxis: false,
        marker: { color, symbol: "circle" }, showlegend: false,
        ...(seeds > 1 ? { error_y: { type: "data", array: error, color: faded(color, 0.6) } } : {}),
      },
    ], // prettier-ignore
    layout: {
      xaxis: { title: { text: xLabel }, range: [...xRange] },
      yaxis: { title: { text: `${yLabel}${seeds > 1 ? " (mean ± std)" : ""}` }, range: yRange },
      annotations: [corner(summary)],
      hovermode: "closest",
    },
    alt: `${yLabel} of ${names.length} entries against ${xLabel}: ${summary}.`,
  };
}
