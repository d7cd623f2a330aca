import { type Directions, metricValue, type Statistic } from "./metricValue.js";
import { flatten, isObject, type Plain, type PlainObject, stringify } from "./plain.js";
import { metricReader } from "./query/metricName.js";
import { valueReader } from "./query/valueReader.js";
import { lookup } from "./query/values.js";
import type { RunSummary } from "./runRecord.js";
import { type Spread, spreadOf } from "./spread.js";

export type Cell = Exclude<Plain, PlainObject>;

/** Only what differs between runs, apart from what they reached. */
export interface Comparison {
  /** dotted paths of the parameters that are not the same in all runs, such as "lower.learningRate" */
  readonly params: readonly string[];
  /** names of the metrics, such as "auc" or "upper.loss.best" */
  readonly metrics: readonly string[];
  readonly rows: readonly ComparedRun[];
  /** in order of first appearance */
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
  /** what its runs have in common: the differing parameters without the seed, or the values of `by` */
  readonly params: Readonly<Record<string, Cell>>;
  readonly runs: readonly string[];
  /** of the runs that have a seed */
  readonly seeds: readonly number[];
  readonly metrics: Readonly<Record<string, Spread>>;
}

export interface CompareOptions {
  /** as in a query, without `metrics.`: "auc", "upper.loss.best"; defaults to all numbers of the summaries */
  readonly metrics?: readonly string[];
  /** of every logged metric, after `metrics`: ["best", "last"] gives "upper.loss.best" and "upper.loss.last" */
  readonly statistics?: readonly Statistic[];
  /** whether the greatest or the least value of a metric is its best, where its name misleads */
  readonly best?: Directions;
  /** values that the runs of a group share, as in a query: "weighting", "group"; defaults to all parameters but the seed */
  readonly by?: readonly string[];
  /** of the bootstrap; defaults to 1 */
  readonly seed?: number;
}

/**
 * Compares runs from `store.list()`, `queryRuns()` or `store.read()`. `params.seed` counts as the seed.
 *
 * @throws RangeError or QueryError when `metrics` or `by` names what no run has
 * @example
 * const { groups } = compareRuns(await store.list({ group: "demo", status: "finished" }), { statistics: ["best"] });
 */
export function compareRuns(runs: readonly RunSummary[], options: CompareOptions = {}): Comparison {
  const { metrics, statistics = [], best, by, seed = 1 } = options;
  const flat = runs.map((run) => flatten(run.params));
  const params = union(flat).filter((path) => new Set(flat.map((record) => stringify(record[path]))).size > 1);
  const chosen: [string, Reader][] = metrics
    ? metrics.map((name) => [name, metricReader(name, runs, best)])
    : numbersOf(runs).map((path) => [path, (run) => numberAt(run, path)]);
  const logged = union(runs.map((run) => run.digests)).flatMap((metric) =>
    statistics.map((statistic): [string, Reader] => [
      `${metric}.${statistic}`,
      (run) => metricValue(run, metric, statistic, best),
    ]),
  );
  const columns = new Map([...chosen, ...logged]);
  const rows = runs.map((run, i) => ({
    run: run.id,
    name: run.name,
    status: run.status,
    ...(run.seed !== undefined && { seed: run.seed }),
    params: pick(flat[i], params),
    metrics: defined([...columns].map(([name, read]) => [name, read(run)])),
  }));
  const shared = by?.map((path) => [path, valueReader(path, runs, best)] as const);
  const settings = params.filter((path) => path !== "seed");
  const groups = new Map<string, { params: Record<string, Cell>; members: ComparedRun[] }>();
  for (const [i, row] of rows.entries()) {
    const own = shared
      ? defined(shared.map(([path, read]) => [path, cell(read(runs[i]))]))
      : pick(row.params, settings);
    const key = stringify(own);
    const group = groups.get(key);
    if (group) group.members.push(row);
    else groups.set(key, { params: own, members: [row] });
  }
  return {
    params,
    metrics: [...columns.keys()].filter((name) => rows.some((row) => Object.hasOwn(row.metrics, name))),
    rows,
    groups: [...groups.values()].map((group) => groupOf(group.members, group.params, seed)),
  };
}

type Reader = (run: RunSummary) => number | undefined;

function groupOf(members: readonly ComparedRun[], params: ComparedGroup["params"], seed: number): ComparedGroup {
  const spread = (name: string) => {
    const values = members.map((row) => row.metrics[name]).filter((value) => value !== undefined);
    return spreadOf(values, seed);
  };
  return {
    names: [...new Set(members.map((row) => row.name))],
    params,
    runs: members.map((row) => row.run),
    seeds: members.map((row) => row.seed).filter((value) => value !== undefined),
    metrics: Object.fromEntries(union(members.map((row) => row.metrics)).map((name) => [name, spread(name)])),
  };
}

function numbersOf(runs: readonly RunSummary[]): string[] {
  return union(runs.map((run) => flatten(run.summary))).filter((path) =>
    runs.some((run) => numberAt(run, path) !== undefined),
  );
}

function numberAt({ summary }: RunSummary, path: string): number | undefined {
  const value = lookup(summary, path.split("."));
  return typeof value === "number" ? value : undefined;
}

const cell = (value: Plain | Date | undefined): Cell | undefined => {
  if (value instanceof Date) return value.toISOString();
  return value !== undefined && isObject(value) ? stringify(value) : value;
};

const union = (records: readonly object[]): string[] => [...new Set(records.flatMap((record) => Object.keys(record)))];

function defined<T>(entries: readonly (readonly [string, T | undefined])[]): Record<string, T> {
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, T] => entry[1] !== undefined));
}

function pick(record: Readonly<Record<string, Cell>>, paths: readonly string[]): Record<string, Cell> {
  return Object.fromEntries(paths.filter((path) => path in record).map((path) => [path, record[path]]));
}
