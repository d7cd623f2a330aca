import { flatten, isObject, stringify } from "../tracker/plain.js";
import { valueReader } from "../tracker/query/valueReader.js";
import type { RunSummary } from "../tracker/runRecord.js";

export type RunCell = string | number | boolean | null;

/**
 * One row per run with the given values, each named as in a query: "id", "params.lower.learningRate", "metrics.auc.best".
 * Times are ISO 8601, lists have commas; null: the run lacks it.
 *
 * @throws QueryError for what is no value of any run; RangeError for a value that needs a series, as `.at(step)` does
 */
export function runCells(runs: readonly RunSummary[], columns: readonly string[]): Record<string, RunCell>[] {
  const readers = columns.map((column) => [column, valueReader(column, runs)] as const);
  return runs.map((run) => Object.fromEntries(readers.map(([column, read]) => [column, cell(read(run))])));
}

function cell(value: ReturnType<ReturnType<typeof valueReader>>): RunCell {
  if (value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => (typeof item === "string" ? item : stringify(item))).join(", ");
  return isObject(value) ? stringify(value) : (value as RunCell);
}

/** The numbers of a run's summary by their dotted paths. */
export function summaryNumbers({ summary }: RunSummary): Record<string, number> {
  const numbers = Object.entries(flatten(summary)).filter((e): e is [string, number] => typeof e[1] === "number");
  return Object.fromEntries(numbers);
}
