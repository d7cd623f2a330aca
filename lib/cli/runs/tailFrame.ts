import stringWidth from "string-width";
import type { RunSummary } from "../../tracker/runRecord.js";
import type { RunTail } from "../../views/runTail.js";
import { FRACTIONS, MOST_LINES } from "../../views/weightHistory.js";
import { sparkline } from "../sparkline.js";
import { durationText, numberText } from "../table.js";
import { bytesText } from "../../core/bytesText.js";

interface Plot {
  readonly name: string;
  readonly values: ArrayLike<number>;
  /** of a value; defaults to four significant digits */
  readonly text?: (value: number) => string;
}

/** A run at a glance: who it is, its metrics, weights and resources, each with its course. */
export function tailFrame(run: RunSummary, tail: RunTail, columns: number): string {
  const { metrics, resources, weights } = tail;
  const points = [...metrics.values()].map((series) => series[series.length - 1].step);
  const step = points.length > 0 ? `, step ${Math.max(...points)}` : "";
  const why = run.reason === undefined ? "" : ` (${run.reason})`;
  const plots = {
    metrics: [...metrics].map(([name, series]) => ({ name, values: series.map(({ value }) => value) })),
    weights: weightPlots(weights),
    resources: [
      { name: "CPU", values: resources.map((r) => r.cpuPercent), text: (v: number) => `${numberText(v)} %` },
      { name: "memory", values: resources.map((r) => r.rssBytes), text: bytesText },
      { name: "tensors", values: resources.flatMap((r) => r.tensors ?? []) },
    ].filter(({ values }) => values.length > 0),
  };
  const layout = layoutOf(Object.values(plots).flat(), columns);
  const count = weights.entries > MOST_LINES ? `, ${weights.entries} entries` : "";
  return [
    `${run.id}  ${run.name}${run.group === undefined ? "" : `  (${run.group})`}`,
    `${run.status}${why} after ${durationText(run.wallMs)}${step}`,
    ...section("metrics", plots.metrics, layout),
    ...section(`weights at step ${weights.steps.at(-1)}${count}`, plots.weights, layout),
    ...section("resources", plots.resources, layout),
  ].join("\n");
}

/** The heaviest entry first. */
function weightPlots({ entries, names, rows }: RunTail["weights"]): Plot[] {
  if (rows.length === 0) return [];
  const at = (k: number) => rows.map((row) => row[k]);
  if (entries > MOST_LINES) {
    const labels = [...FRACTIONS.map((fraction) => `${fraction * 100} % below`), "mean"];
    return labels.map((name, q) => ({ name, values: at(q) }));
  }
  const last = rows[rows.length - 1];
  const plots = names.map((name, k) => ({ name, values: at(k), weight: last[k] }));
  return plots.sort((a, b) => b.weight - a.weight);
}

interface PlotLayout {
  readonly name: number;
  readonly value: number;
  /** of the line of bars */
  readonly places: number;
}

const MOST_NAME = 32;
const MOST_PLACES = 60;

function layoutOf(plots: readonly Plot[], columns: number): PlotLayout {
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => stringWidth(text)));
  const name = Math.min(MOST_NAME, widest(plots.map((plot) => plot.name)));
  const value = widest(plots.flatMap(({ values, text = numberText }) => text(values[values.length - 1])));
  const range = widest(plots.map(rangeText));
  return { name, value, places: Math.max(8, Math.min(MOST_PLACES, columns - name - value - range - 8)) };
}

function section(title: string, plots: readonly Plot[], { name, value, places }: PlotLayout): string[] {
  if (plots.length === 0) return [];
  const lines = plots.map((plot) => {
    const { values, text = numberText } = plot;
    const label = padded(shortened(plot.name, name), name);
    const last = text(values[values.length - 1]);
    const bars = padded(sparkline(values, places), places);
    return `  ${label}  ${" ".repeat(value - stringWidth(last))}${last}  ${bars}  ${rangeText(plot)}`.trimEnd();
  });
  return ["", title, ...lines];
}

/** From the least to the greatest value; "" when there is no range. */
function rangeText({ values, text = numberText }: Plot): string {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return low < high && text(low) !== text(high) ? `${text(low)} … ${text(high)}` : "";
}

const padded = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - stringWidth(text)));

/** The end of a long name tells it from its neighbours. */
const shortened = (text: string, width: number): string =>
  stringWidth(text) <= width ? text : `…${[...text].slice(1 - width).join("")}`;
