import type { Cell, Comparison } from "../../tracker/compare.js";
import type { GroupComparison } from "../../tracker/compareGroups.js";
import { bestDirection } from "../../tracker/metricValue.js";
import { stringify } from "../../tracker/plain.js";
import type { Spread } from "../../tracker/spread.js";
import { numberText, textTable } from "../table.js";
import { fitted } from "./print.js";

/** Paired differences from one group. */
export interface Against {
  readonly group: string;
  /** by metric, then by group */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, GroupComparison | { readonly problem: string }>>>>;
}

/** What each group's runs have in common, in few words; no two groups are called the same. */
export function groupLabels({ groups }: Comparison): string[] {
  const paths = [...new Set(groups.flatMap(({ params }) => Object.keys(params)))];
  const labels = groups.map(({ params, names }) => {
    if (paths.length === 0) return names.length === 1 ? names[0] : "all";
    if (paths.length === 1) return cellText(params[paths[0]]);
    return paths.map((path) => `${path.slice(path.lastIndexOf(".") + 1)}=${cellText(params[path])}`).join(" ");
  });
  const isShort = labels.every((label) => label.length <= LONGEST) && new Set(labels).size === labels.length;
  return isShort ? labels : groups.map((_, i) => `#${i + 1}`);
}

const LONGEST = 32;

/** @param width  character cells of a line of a table */
export function comparisonText(comparison: Comparison, against: Against | undefined, width: number): string {
  const { groups, rows, metrics } = comparison;
  const labels = groupLabels(comparison);
  const differing = differingMetrics(comparison);
  const equal = metrics
    .filter((metric) => !differing.includes(metric))
    .map((metric) => `${metric} ${rows.flatMap((row) => row.metrics[metric] ?? []).map(numberText)[0]}`);
  const failed = rows.filter(({ status }) => status !== "finished").map(({ run, status }) => `${run} ${status}`);
  const isSingle = groups.every((group) => group.runs.length === 1);
  const tables = [
    settings(comparison, labels),
    ...(isSingle && !against
      ? [singles(comparison, labels, differing)]
      : differing.map((metric) => spreads(comparison, labels, metric, against))),
  ];
  return [
    ...tables.map((table) => fitted(table, width)),
    failed.length > 0 ? `not finished: ${failed.join(", ")}` : "",
    equal.length > 0 ? `the same in all runs that have it: ${equal.join(", ")}` : "",
    against ? note(against) : "",
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

/** Those that are not the same in all runs that have them, or that one run alone has. */
export function differingMetrics({ rows, metrics }: Comparison): string[] {
  return metrics.filter((metric) => {
    const values = rows.flatMap((row) => row.metrics[metric] ?? []);
    return values.length === 1 || new Set(values).size > 1;
  });
}

/** Who is compared, and by what they differ. */
function settings({ groups }: Comparison, labels: readonly string[]): string {
  const paths = [...new Set(groups.flatMap(({ params }) => Object.keys(params)))];
  const isSingle = groups.every(({ runs }) => runs.length === 1);
  const shown = paths.length > 1 || labels.some((label) => label.startsWith("#")) ? paths : [];
  const cells = groups.map(({ params, runs, seeds }, g) => [
    labels[g],
    String(runs.length),
    seeds.join(" ") || "–",
    ...(isSingle ? runs : []),
    ...shown.map((path) => cellText(params[path])),
  ]);
  const heads = [paths.length === 1 ? paths[0] : "group", "runs", "seeds", ...(isSingle ? ["id"] : []), ...shown];
  return textTable(heads, cells);
}

/** Groups of one run each: no spread, so that all metrics find room in one table. */
function singles({ groups }: Comparison, labels: readonly string[], metrics: readonly string[]): string {
  if (metrics.length === 0) return "";
  const cells = metrics.map((metric) => [
    metric,
    ...groups.map((group) => (group.metrics[metric] ? valueText(group.metrics[metric].values[0]) : "–")),
  ]);
  return textTable(["metric", ...labels], cells);
}

function spreads({ groups }: Comparison, labels: readonly string[], metric: string, against?: Against): string {
  const compared = against?.metrics[metric];
  const cells = groups.map((group, g) => {
    const spread = group.metrics[metric] as Spread | undefined;
    if (!spread) return [labels[g], "0", "–", "–", ...(compared ? ["–", "–", "–"] : ["–"])];
    const diverged = spread.diverged === undefined ? "" : `, ${spread.diverged} diverged`;
    const interval = spread.interval ? `[${spread.interval.map(numberText).join(", ")}]` : "–";
    const last = compared ? differenceCells(compared[labels[g]]) : [spread.values.map(valueText).join(" ")];
    return [labels[g], `${spread.n}${diverged}`, spreadText(spread), interval, ...last];
  });
  const more = against ? [`− ${against.group}`, "95 % interval", "p"] : ["values"];
  const best = bestDirection(metric) === "max" ? "highest" : "lowest";
  return `${metric} (the ${best} is best)\n${textTable(["group", "n", "mean ± std", "95 % interval", ...more], cells)}`;
}

function differenceCells(pair: GroupComparison | { readonly problem: string } | undefined): string[] {
  if (!pair || "problem" in pair) return ["–", "–", "–"];
  const { mean, bootstrap, signFlip } = pair;
  const interval = pair.seeds.length > 1 ? `[${bootstrap.map(numberText).join(", ")}]` : "–";
  return [`${mean > 0 ? "+" : ""}${numberText(mean)}`, interval, numberText(signFlip.pValue)];
}

function note({ metrics, group }: Against): string {
  const pairs = Object.values(metrics).flatMap((of) => Object.values(of));
  const counts = pairs.flatMap((pair) => ("problem" in pair ? [] : [pair.seeds.length]));
  const problems = [...new Set(pairs.flatMap((pair) => ("problem" in pair ? [pair.problem] : [])))];
  const n = Math.max(0, ...counts);
  const least = n > 0 ? `; with ${n} seeds p cannot be below ${numberText(Math.min(1, 2 / 2 ** n))}` : "";
  return [`differences from ${group} are paired by seed; p: two-sided sign-flip test${least}`, ...problems].join("\n");
}

/** The mean with as many decimals as two digits of the std have: "0.572 ± 0.011" */
export function spreadText({ mean, std }: Spread): string {
  if (std === null || std === 0 || !Number.isFinite(std)) return valueText(mean) + (std === 0 ? " ± 0" : "");
  const decimals = 1 - Math.floor(Math.log10(std));
  if (decimals > 8) return `${numberText(mean)} ± ${numberText(std)}`;
  return [mean, std].map((value) => value.toFixed(Math.max(0, decimals))).join(" ± ");
}

const valueText = (value: number): string => numberText(value);

export function cellText(cell: Cell | undefined): string {
  if (cell === undefined) return "–";
  if (typeof cell === "number") return numberText(cell);
  return typeof cell === "string" ? cell : stringify(cell);
}
