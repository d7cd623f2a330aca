import { padded } from "./scales.js";
import { mean } from "./statistics.js";
import { mark } from "./theme.js";
import type { Figure, Trace } from "./types.js";

/** A number with its interval, such as a method's mean over seeds. */
export interface IntervalEntry {
  readonly name: string;
  /** What stands for the same thing under another condition: entries of a name share a row, told apart by marks. */
  readonly group?: string;
  readonly value: number;
  readonly interval?: readonly [low: number, high: number] | undefined;
  /** Each seed's value, drawn as a small open point. */
  readonly values?: readonly number[];
}

export interface IntervalsOptions {
  /** With its unit, and with what the interval is. */
  readonly xLabel: string;
  /** Values to compare with, drawn as vertical lines. */
  readonly references?: readonly { readonly label: string; readonly value: number }[];
  /** What the intervals and the seeds' points are; stands above the legend. */
  readonly note?: string;
}

/** Distance of two groups within a row, in rows. */
const DODGE = 0.26;
/** Distance of the seeds' points below their interval, in rows. */
const BELOW = 0.13;
const referenceDashes = ["dot", "dash", "dashdot"];

/**
 * Methods as points with their intervals, a row each, the best on top; the groups of a row side by side, each seed as a
 * small open point beneath its interval.
 *
 * @throws RangeError for no entries, a value or bound that is not finite, or two entries of one name and group
 */
export function intervals(
  entries: readonly IntervalEntry[],
  { xLabel, references = [], note }: IntervalsOptions,
): Figure {
  check(entries);
  const best = (name: string) => Math.max(...entries.filter((e) => e.name === name).map(({ value }) => value));
  const names = [...new Set(entries.map(({ name }) => name))].sort((a, b) => best(a) - best(b));
  const groups = [...new Set(entries.map(({ group }) => group))];
  const rowOf = ({ name, group }: IntervalEntry): number => {
    const own = groups.filter((g) => entries.some((e) => e.name === name && e.group === g));
    return names.indexOf(name) - (own.indexOf(group) - (own.length - 1) / 2) * DODGE;
  };
  const rows: [number, number] = [-0.6, names.length - 0.4];
  const named = groups.some((group) => group !== undefined);
  const shown = [
    ...entries.flatMap(({ value, interval = [], values = [] }) => [value, ...interval, ...values]),
    ...references.map((r) => r.value),
  ];
  const lines = references.map(({ label, value }, i): Trace => ({
    type: "scatter",
    mode: "lines",
    name: label,
    x: [value, value],
    y: [...rows],
    line: { color: "#000", dash: referenceDashes[i % referenceDashes.length] },
  }));
  const marks = groups.flatMap((group, i): Trace[] => {
    const own = entries.filter((e) => e.group === group);
    const { color, symbol } = mark(i);
    const seeds = own.flatMap((e) => (e.values ?? []).map((x) => ({ x, y: rowOf(e) - BELOW })));
    const withInterval = own.flatMap((e) => (e.interval ? [{ interval: e.interval, row: rowOf(e) }] : []));
    return [
      {
        type: "scatter",
        mode: "lines",
        x: withInterval.flatMap(({ interval: [low, high] }) => [low, high, null]),
        y: withInterval.flatMap(({ row }) => [row, row, null]),
        line: { color },
        hoverinfo: "skip",
        showlegend: false,
      },
      {
        type: "scatter",
        mode: "markers",
        name: group ?? "",
        x: own.map(({ value }) => value),
        y: own.map(rowOf),
        marker: { color, symbol },
        showlegend: named,
      },
      ...(seeds.length === 0
        ? []
        : [
            {
              type: "scatter",
              mode: "markers",
              name: `${group ?? ""} seeds`.trim(),
              x: seeds.map(({ x }) => x),
              y: seeds.map(({ y }) => y),
              marker: { color: "#FFF", symbol, size: 4, line: { color, width: 0.7 } },
              showlegend: false,
            } as const,
          ]),
    ];
  });
  return {
    data: [...lines, ...marks],
    layout: {
      xaxis: { title: { text: xLabel }, range: padded(shown), showgrid: true },
      yaxis: {
        tickmode: "array",
        tickvals: names.map((_, i) => i),
        ticktext: names,
        ticks: "",
        range: rows,
        showgrid: false,
      },
      showlegend: named || references.length > 0,
      ...(note === undefined ? {} : { legend: { title: { text: note, side: "top" } } }),
      hovermode: "closest",
    },
    alt: `${xLabel}: ${[...entries]
      .sort((a, b) => b.value - a.value)
      .map(described)
      .join("; ")}.`,
  };
}

function described({ name, group, value, interval }: IntervalEntry): string {
  const bounds = interval ? ` [${interval.map((v) => v.toPrecision(2)).join(", ")}]` : "";
  return `${name}${group === undefined ? "" : `, ${group},`} ${value.toPrecision(3)}${bounds}`;
}

function check(entries: readonly IntervalEntry[]): void {
  if (entries.length === 0) throw new RangeError("intervals: no entries given");
  const seen = new Set<string>();
  for (const { name, group, value, interval = [value, value], values = [] } of entries) {
    const what = `"${name}"${group === undefined ? "" : ` of "${group}"`}`;
    if (!Number.isFinite(mean([value, ...interval]))) {
      throw new RangeError(`intervals: ${what} is ${value} [${interval.join(", ")}]; values and bounds are finite`);
    }
    const bad = values.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0) throw new RangeError(`intervals: ${what} has ${values[bad]} for seed ${bad}; leave failed runs out`);
    const key = JSON.stringify([name, group]);
    if (seen.has(key)) throw new RangeError(`intervals: ${what} is given twice`);
    seen.add(key);
  }
}
