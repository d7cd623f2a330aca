import { mean, sampleStandardDeviation } from "simple-statistics";
import { flatten, type Plain, type PlainObject, stringify } from "./plain.js";
import type { RunSummary } from "./runRecord.js";

export type Cell = Exclude<Plain, PlainObject>;

/** Only what differs between runs, apart from what they reached. */
export interface Comparison {
  /** dotted paths of the parameters that are not the same in all runs, such as "lower.learningRate" */
  readonly params: readonly string[];
  /** dotted paths of the summaries' numbers */
  readonly metrics: readonly string[];
  readonly rows: readonly ComparedRun[];
  /** runs that differ in the seed alone, in order of first appearance */
  readonly groups: readonly ComparedGroup[];
}

export interface ComparedRun {
  readonly run: string;
  readonly name: string;
  readonly status: string;
  readonly seed?: number;
  /** the parameters of `Comparison.params` that the run has */
  readonly params: Readonly<Record<string, Cell>>;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface ComparedGroup {
  /** the distinct names of its runs */
  readonly names: readonly string[];
  /** as in {@link ComparedRun}, the seed aside */
  readonly params: Readonly<Record<string, Cell>>;
  readonly runs: readonly string[];
  readonly metrics: Readonly<Record<string, Spread>>;
}

export interface Spread {
  readonly mean: number;
  /** of the sample (n − 1 in the divisor); null for one run */
  readonly std: number | null;
  /** runs that have the metric */
  readonly n: number;
}

/**
 * Compares runs from `store.list()` or `store.read()`. `params.seed` counts as the seed, all else makes a group.
 *
 * @example
 * const { groups } = compareRuns(await store.list({ group: "demo", status: "finished" }));
 */
export function compareRuns(runs: readonly RunSummary[]): Comparison {
  const flat = runs.map((run) => ({ run, params: flatten(run.params), metrics: numbers(run.summary) }));
  const differing = union(flat.map((r) => r.params)).filter(
    (path) => new Set(flat.map((r) => stringify(r.params[path]))).size > 1,
  );
  const rows = flat.map(({ run, params, metrics }) => ({
    run: run.id,
    name: run.name,
    status: run.status,
    ...(run.seed !== undefined && { seed: run.seed }),
    params: pick(params, differing),
    metrics,
  }));
  const settings = differing.filter((path) => path !== "seed");
  const groups = new Map<string, ComparedRun[]>();
  for (const row of rows) {
    const key = stringify(pick(row.params, settings));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return {
    params: differing,
    metrics: union(rows.map((row) => row.metrics)),
    rows,
    groups: [...groups.values()].map((members) => groupOf(members, settings)),
  };
}

function groupOf(members: readonly ComparedRun[], settings: readonly string[]): ComparedGroup {
  const [first] = members;
  const metrics = union(members.map((row) => row.metrics)).map((name) => {
    const values = members.map((row) => row.metrics[name]).filter((value) => value !== undefined);
    const std = values.length > 1 ? sampleStandardDeviation(values) : null;
    return [name, { mean: mean(values), std, n: values.length }] as const;
  });
  return {
    names: [...new Set(members.map((row) => row.name))],
    params: pick(first.params, settings),
    runs: members.map((row) => row.run),
    metrics: Object.fromEntries(metrics),
  };
}

function numbers(summary: PlainObject): Record<string, number> {
  const entries = Object.entries(flatten(summary)).filter((e): e is [string, number] => typeof e[1] === "number");
  return Object.fromEntries(entries);
}

const union = (records: readonly object[]): string[] => [...new Set(records.flatMap((record) => Object.keys(record)))];

function pick(record: Readonly<Record<string, Cell>>, paths: readonly string[]): Record<string, Cell> {
  return Object.fromEntries(paths.filter((path) => path in record).map((path) => [path, record[path]]));
}
