import { noteAbove, twoLines } from "./labels.js";
import { mean, spread } from "./statistics.js";
import { mark } from "./theme.js";
import type { Figure, Json, Trace } from "./types.js";

/** Characters side by side under the plot at the smallest size in use (a 3.25 in column) */
const ROOM = 42;

/** A method's results, one per seed. */
export interface BarGroup {
  readonly name: string;
  /** Where the results of several tasks are compared: the task. Bars of a task stand together. */
  readonly task?: string;
  /** One value per seed. */
  readonly values: readonly number[];
  /** Of the mean; drawn in place of the standard deviation where all bars have one. */
  readonly interval?: readonly [low: number, high: number] | undefined;
}

export interface BarsOptions {
  /** With its unit. */
  readonly yLabel: string;
  /** A level to compare with (chance, a published number), drawn as a dotted line. */
  readonly level?: { readonly label: string; readonly value: number };
  /** What the bars' intervals are; defaults to "95 % interval". */
  readonly intervalLabel?: string;
}

/**
 * Methods compared: bars of the mean from zero, ± standard deviation or with an interval, with each seed as a point.
 *
 * @throws RangeError for no bars, a bar without values, a value that is not finite, two bars of one name and task, or
 *         intervals that only some bars have or that do not hold their mean
 * @example
 * barsWithSpread([{ name: "vanilla", values: [0.57, 0.59] }, { name: "domain table", values: [0.61, 0.6] }], { yLabel: "step AUC" });
 */
export function barsWithSpread(bars: readonly BarGroup[], options: BarsOptions): Figure {
  const { yLabel, level, intervalLabel = "95 % interval" } = options;
  check(bars);
  const names = [...new Set(bars.map((bar) => bar.name))];
  const tasks = [...new Set(bars.map((bar) => bar.task ?? ""))];
  const grouped = tasks.length > 1;
  const width = grouped ? 0.8 / names.length : 0.6;
  const center = (bar: BarGroup): number =>
    grouped
      ? tasks.indexOf(bar.task ?? "") + (names.indexOf(bar.name) - (names.length - 1) / 2) * width
      : names.indexOf(bar.name);

  const data = names.flatMap((name, i): Trace[] => {
    const own = bars.filter((bar) => bar.name === name);
    const { color, pattern } = mark(i);
    const x = own.map(center);
    return [
      {
        type: "bar",
        name,
        x,
        y: own.map((bar) => mean([...bar.values])),
        width: grouped ? width * 0.9 : width,
        showlegend: grouped,
        marker: {
          color,
          pattern: { shape: pattern, fillmode: "overlay", fgcolor: "#FFF", fgopacity: 0.8, size: 8, solidity: 0.2 },
        },
        error_y: errorBars(own),
      },
      {
        type: "scatter",
        mode: "markers",
        name: `${name}, seeds`,
        showlegend: false,
        x: own.flatMap((bar, k) => bar.values.map((_, s) => x[k] + jitter(s, bar.values.length) * width)),
        y: own.flatMap((bar) => [...bar.values]),
        marker: { color: "#FFF", symbol: "circle", size: 4.5, line: { color: "#000", width: 0.8 } },
      },
    ];
  });
  const ticks = grouped ? tasks : names;
  const note = spreadNote(bars, intervalLabel);
  return {
    data,
    layout: {
      barmode: "overlay",
      xaxis: {
        tickmode: "array",
        tickvals: ticks.map((_, i) => i),
        ticktext: ticks.map((tick) => twoLines(tick, Math.max(8, Math.floor(ROOM / ticks.length)))),
        ticks: "",
        range: [-0.6, ticks.length - 0.4],
      },
      yaxis: { title: { text: yLabel }, rangemode: "tozero" },
      showlegend: grouped,
      legend: { title: { text: note, side: "top" } },
      annotations: [...(grouped || note === "" ? [] : [noteAbove(note)]), ...(level ? [levelLabel(level)] : [])],
      shapes: level
        ? [
            {
              type: "line",
              xref: "paper",
              x0: 0,
              x1: 1,
              y0: level.value,
              y1: level.value,
              line: { dash: "dot", color: "#000" },
            },
          ]
        : [],
      hovermode: "closest",
    },
    alt: `${yLabel}: ${bars.map((bar) => `${bar.task ? `${bar.task}, ` : ""}${bar.name} ${inWords(bar.values)}`).join("; ")}.`,
  };
}

function inWords(values: readonly number[]): string {
  const center = mean([...values]).toPrecision(3);
  return values.length === 1 ? center : `${center} ± ${spread([...values]).toPrecision(2)} (${values.length} seeds)`;
}

/** Offsets of the seeds' points right of the error bar, in bar widths. */
const jitter = (s: number, n: number): number => (n === 1 ? 0.3 : 0.18 + (0.24 * s) / (n - 1));

function errorBars(own: readonly BarGroup[]): Json {
  const means = own.map(({ values }) => mean([...values]));
  const [above, below] = [1, 0].map((side) =>
    own.map(({ interval, values }, k) => (interval ? Math.abs(interval[side] - means[k]) : spread([...values]))),
  );
  return { type: "data", symmetric: false, array: above, arrayminus: below, color: "#000" };
}

function spreadNote(bars: readonly BarGroup[], intervalLabel: string): string {
  const counts = [...new Set(bars.map((bar) => bar.values.length))].sort((a, b) => a - b);
  const spread = bars[0].interval ? `mean and ${intervalLabel}` : "mean ± std";
  if (counts.length === 1 && counts[0] === 1) return bars[0].interval ? spread : "";
  return `${spread}, N = ${counts.length > 1 ? `${counts[0]}–${counts.at(-1)}` : counts[0]} seeds (points)`;
}

const levelLabel = ({ label, value }: { label: string; value: number }): Json => ({
  text: label,
  xref: "paper",
  x: 1,
  xanchor: "left",
  y: value,
  yanchor: "middle",
  showarrow: false,
});

function check(bars: readonly BarGroup[]): void {
  if (bars.length === 0) throw new RangeError("barsWithSpread: no bars given");
  const seen = new Set<string>();
  const withInterval = bars.filter(({ interval }) => interval).length;
  if (withInterval > 0 && withInterval < bars.length) {
    throw new RangeError(
      `barsWithSpread: ${withInterval} of ${bars.length} bars have an interval; give all of them one`,
    );
  }
  for (const { name, task, values, interval } of bars) {
    const what = `"${name}"${task === undefined ? "" : ` of "${task}"`}`;
    if (values.length === 0) throw new RangeError(`barsWithSpread: ${what} has no values`);
    const bad = values.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0)
      throw new RangeError(`barsWithSpread: ${what} has ${values[bad]} for seed ${bad}; leave failed runs out`);
    if (interval && !(interval[0] <= mean([...values]) && mean([...values]) <= interval[1])) {
      throw new RangeError(`barsWithSpread: the interval [${interval.join(", ")}] of ${what} does not hold its mean`);
    }
    if (seen.has(what)) throw new RangeError(`barsWithSpread: ${what} is given twice; put its seeds into one entry`);
    seen.add(what);
  }
}
