import type { Source } from "../data/types.js";
import type { Cell } from "./compare.js";
import { bestDirection, type Direction, type Directions, metricValue } from "./metricValue.js";
import { flatten, plainObject, stringify } from "./plain.js";
import type { RunDetails, RunSummary } from "./runRecord.js";

/** What differs between two runs, and what both reached. */
export interface RunDifference {
  /** name, group, tags, status, seed, notes, parent */
  readonly run: readonly Difference[];
  readonly params: readonly Difference[];
  /** dotted paths: "git.commit", "packages.zod", "node", "backend.name" */
  readonly environment: readonly Difference[];
  /** files of equal content are the same file, wherever they lie */
  readonly dataFiles: readonly FileDifference[];
  /** all of them, those that only the summaries have included */
  readonly metrics: readonly MetricDifference[];
}

/** A side without the value is left out. */
export interface Difference {
  readonly path: string;
  readonly a?: Cell;
  readonly b?: Cell;
}

export interface FileDifference {
  readonly path: string;
  readonly a?: Source;
  readonly b?: Source;
}

export interface MetricDifference {
  readonly metric: string;
  readonly last: Change;
  readonly best: Change;
  readonly bestIs: Direction;
}

export interface Change {
  readonly a?: number;
  readonly b?: number;
  /** b − a; left out where one side is missing, NaN or infinite */
  readonly difference?: number;
}

/**
 * Two stored runs side by side.
 *
 * @param directions  whether the greatest or the least value of a metric is its best, where its name misleads
 * @example
 * const { params, environment } = diffRuns(await store.read(first), await store.read(second));
 */
export function diffRuns(a: RunDetails, b: RunDetails, directions?: Directions): RunDifference {
  const facts = ({ name, group, tags, status, seed, notes, parent }: RunSummary) =>
    plainObject({ name, group, tags, status, seed, notes, parent }, "run");
  const environment = (run: RunDetails) => plainObject(run.environment, "environment");
  const metrics = new Set([a, b].flatMap(metricsOf));
  return {
    run: differences(flatten(facts(a)), flatten(facts(b))),
    params: differences(flatten(a.params), flatten(b.params)),
    environment: differences(flatten(environment(a)), flatten(environment(b))),
    dataFiles: fileDifferences(a.dataFiles, b.dataFiles),
    metrics: [...metrics].map((metric) => ({
      metric,
      last: change(metricValue(a, metric, "last"), metricValue(b, metric, "last")),
      best: change(metricValue(a, metric, "best", directions), metricValue(b, metric, "best", directions)),
      bestIs: bestDirection(metric, directions),
    })),
  };
}

function differences(a: Readonly<Record<string, Cell>>, b: Readonly<Record<string, Cell>>): Difference[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((path) => stringify(a[path]) !== stringify(b[path]))
    .map((path) => ({ path, ...(path in a && { a: a[path] }), ...(path in b && { b: b[path] }) }));
}

function fileDifferences(a: readonly Source[], b: readonly Source[]): FileDifference[] {
  const without = (files: readonly Source[], others: readonly Source[]) =>
    files.filter(({ sha256 }) => !others.some((other) => other.sha256 === sha256));
  const [onlyA, onlyB] = [without(a, b), without(b, a)];
  const paths = new Set([...onlyA, ...onlyB].map(({ path }) => path));
  return [...paths].map((path) => {
    const [first, second] = [onlyA, onlyB].map((files) => files.find((file) => file.path === path));
    return { path, ...(first && { a: first }), ...(second && { b: second }) };
  });
}

function metricsOf(run: RunSummary): string[] {
  const numbers = Object.entries(flatten(run.summary)).filter(([, value]) => typeof value === "number");
  return [...Object.keys(run.digests), ...numbers.map(([path]) => path)];
}

function change(a: number | undefined, b: number | undefined): Change {
  const difference = (b ?? NaN) - (a ?? NaN);
  return {
    ...(a !== undefined && { a }),
    ...(b !== undefined && { b }),
    ...(Number.isFinite(difference) && { difference }),
  };
}
