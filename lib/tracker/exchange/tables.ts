import { flatten, type Plain, type PlainObject } from "../plain.js";
import type { RunRecord, RunSummary } from "../runRecord.js";

/** null: no value */
export type TableCell = Exclude<Plain, PlainObject> | Date;

/** One row of a table. All rows have the same columns, in the same order. */
export type TableRow = Readonly<Record<string, TableCell>>;

/**
 * One row per run: id, name, group, tags, status, seed, startedAt, wallMs, then `params.…` and `summary.…` by their
 * dotted paths, then the last value of each metric as `metrics.NAME.last`. What is NaN stays NaN; null means that the
 * run has no such value.
 *
 * @example
 * await writeTable("runs.csv", runsTable(await store.list({ group: "demo" })));
 */
export function runsTable(runs: readonly RunSummary[]): TableRow[] {
  const parts = runs.map(({ params, summary, digests, ...run }) => {
    const last = Object.entries(digests).map(([name, digest]) => [`metrics.${name}.last`, digest.last.value] as const);
    return [head(run), flatten(params, "params."), flatten(summary, "summary."), Object.fromEntries(last)];
  });
  const columns = [0, 1, 2, 3].flatMap((kind) => [...new Set(parts.flatMap((part) => Object.keys(part[kind])))]);
  return parts.map((part) => {
    const row = Object.assign({}, ...part) as TableRow;
    return Object.fromEntries(columns.map((name) => [name, row[name] ?? null]));
  });
}

/**
 * All logged values of a run in long form, in the order of logging: run (id), step, metric, value, time.
 *
 * @example
 * await writeTable("metrics.parquet", await metricsTable(await store.read(id)));
 */
export async function metricsTable(record: RunRecord): Promise<TableRow[]> {
  const logged = (await record.events()).filter((event) => event.type === "metrics");
  return logged.flatMap(({ t, step, metrics }) =>
    Object.entries(metrics).map(([metric, value]) => ({ run: record.id, step, metric, value, time: new Date(t) })),
  );
}

type Head = Omit<RunSummary, "params" | "summary" | "digests">;

function head({ id, name, group, tags, status, seed, startedAt, wallMs }: Head): TableRow {
  return { id, name, group: group ?? null, tags, status, seed: seed ?? null, startedAt: new Date(startedAt), wallMs };
}
