import { z } from "zod";
import { parseOptions } from "../../core/check.js";
import type { Directions } from "../metricValue.js";
import type { RunSummary } from "../runRecord.js";
import type { Store } from "../store.js";
import { bind, bindCondition } from "./bind.js";
import { compareValues } from "./order.js";
import { parseQuery, parseSort } from "./parse.js";
import { type Bound, type Moment, Scope, type Subject } from "./scope.js";
import { PENDING, type Value } from "./values.js";

export interface RunQuery {
  /** a condition; left out: all runs */
  readonly where?: string;
  /** one or more values with commas between; `-` before a whole value, or `desc` after it: descending; left out: as listed */
  readonly sort?: string;
  /** at most so many, after sorting */
  readonly limit?: number;
  /** as in a list: false leaves the archived out, true all others, "all" none; defaults to "all" if `where` names `archived` */
  readonly archived?: boolean | "all";
  /** whether the greatest or the least value of a metric is its best, where its name misleads */
  readonly best?: Directions;
}

/**
 * The runs of a store that match a condition, sorted.
 *
 * - Names: `params.A.B` (or `A.B` alone where that is no field), `summary.A`, `metrics.NAME` (the summary's number, else
 *   the last one), `metrics.NAME.last`, `.first`, `.best`, `.min`, `.max`, `.mean`, `.at(step)`; `id`, `name`, `group`,
 *   `tags`, `status`, `reason`, `notes`, `parent`, `archived`, `seed`, `startedAt` (also `createdAt`), `endedAt`,
 *   `wallMs`, `now`. Parts with other signs go in quotes: `metrics."val-loss".best`.
 * - Values: `1e-3`, `"text"` or `'text'`, `true`, `false`, `null`, `nan`, `infinity`, `["a", "b"]`, durations in ms with
 *   a unit (`250ms`, `30s`, `30min`, `2h`, `7d`, `1w`), times (`2026-11-21`, `"2026-11-21T09:30"`: UTC, an instant).
 * - From loose to tight: `or`, `and`, `not`, then `=` `!=` `<` `<=` `>` `>=` `in` `not in` `contains` `not contains`
 *   (an item of a list, or a part of a text), then `+` `-`.
 * - A comparison with what a run lacks is false, also `!=`; `x = null` tells whether it lacks x. Kinds that do not fit,
 *   such as a text and a number, are unequal and in no order; when they fit in no run that has both, that is an error,
 *   and so is a name that no run has, except beside null.
 * - `best` is the least value where the metric's name says loss, error or the like (see `bestDirection`), else the
 *   greatest. `at(step)` is the last value logged at or before the step; a run whose metric ends before it has none.
 * - In an order, numbers come before texts; what a run lacks, and NaN, comes last in either direction.
 *
 * @throws QueryError with the column, and the line with a caret below it
 * @example
 * const runs = await queryRuns(store, {
 *   where: 'params.metaLr >= 1e-3 and weighting = "instance-table" and metrics.auc.last > 0.7',
 *   sort: "-metrics.auc.best, name",
 *   limit: 10,
 * });
 */
export async function queryRuns(store: Store, query: RunQuery = {}): Promise<RunSummary[]> {
  return selectRuns(store, await store.list({ archived: "all" }), query);
}

/** {@link queryRuns} among runs that the store has listed before. */
export async function selectRuns(
  store: Pick<Store, "read">,
  runs: readonly RunSummary[],
  query: RunQuery = {},
): Promise<RunSummary[]> {
  const { where, sort = "", limit, archived, best } = parseOptions(querySchema, query, "queryRuns");
  const moments: Moment[] = [];
  const filter = new Scope(where ?? "", runs, best, moments);
  const condition = where === undefined ? undefined : bindCondition(filter, parseQuery(where));
  const order = new Scope(sort, runs, best, moments);
  const keys = (sort === "" ? [] : parseSort(sort)).map((key) => ({ ...bind(order, key.node), ...key }));

  const chosen = archived ?? (filter.fields.has("archived") ? "all" : false);
  const isChosen = (run: RunSummary) => chosen === "all" || chosen === (run.archived ?? false);
  let subjects: Subject[] = runs.filter(isChosen).map((run) => ({ run }));
  if (condition) {
    const matches = await evaluate(store, subjects, condition, moments);
    filter.checkFits();
    subjects = subjects.filter((_, i) => matches[i]);
  }
  const columns: Value[][] = [];
  for (const key of keys) columns.push(await evaluate(store, subjects, key, moments));
  order.checkFits();
  return subjects
    .map(({ run }, i) => ({ run, values: columns.map((column) => column[i]) }))
    .sort((a, b) => {
      const orders = keys.map(({ descending }, k) => compareValues(a.values[k], b.values[k], descending));
      return orders.find((sign) => sign !== 0) ?? 0;
    })
    .slice(0, limit)
    .map(({ run }) => run);
}

const READ_AT_ONCE = 8;

/** The series are read only for the runs whose value hangs on them. */
async function evaluate(
  store: Pick<Store, "read">,
  subjects: readonly Subject[],
  { of }: Bound,
  moments: readonly Moment[],
): Promise<Value[]> {
  const values = subjects.map(of);
  const pending = subjects.filter((_, i) => values[i] === PENDING);
  for (let i = 0; i < pending.length; i += READ_AT_ONCE) {
    await Promise.all(pending.slice(i, i + READ_AT_ONCE).map((subject) => readMoments(store, subject, moments)));
  }
  return values.map((value, i) => (value === PENDING ? of(subjects[i]) : value));
}

async function readMoments(store: Pick<Store, "read">, subject: Subject, moments: readonly Moment[]): Promise<void> {
  const record = await store.read(subject.run.id);
  const found = new Map<Moment, number | undefined>();
  for (const moment of moments) {
    const points = await record.series(moment.metric);
    const isReached = (points.at(-1)?.step ?? -Infinity) >= moment.step;
    found.set(moment, isReached ? points.findLast(({ step }) => step <= moment.step)?.value : undefined);
  }
  subject.moments = found;
}

const querySchema = z.strictObject({
  where: z.string().optional(),
  sort: z.string().optional(),
  limit: z.number().int().min(1).optional(),
  archived: z.union([z.boolean(), z.literal("all")]).optional(),
  best: z.record(z.string(), z.enum(["min", "max"])).optional(),
}) as z.ZodType<RunQuery>;
