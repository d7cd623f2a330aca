import { showTable } from "../figures/table.js";
import { type RunQuery, queryRuns } from "../tracker/query/queryRuns.js";
import type { Store } from "../tracker/store.js";
import { runCells, summaryNumbers } from "./runCells.js";

export interface ShowRunsOptions extends RunQuery {
  /** named as in a query; defaults to id, name, group, status, seed, minutes, and the numbers of the summaries */
  readonly columns?: readonly string[];
}

/**
 * Shows a store's runs as a table under the notebook's cell, newest first unless sorted.
 *
 * @throws QueryError for a wrong query or column; Error outside of a tslab notebook
 * @example
 * await showRuns(store, { where: 'group = "demo"', sort: "-metrics.auc.best", limit: 10 });
 */
export async function showRuns(store: Store, { columns, ...query }: ShowRunsOptions = {}): Promise<void> {
  const runs = await queryRuns(store, query);
  if (columns) return showTable(runCells(runs, columns), columns);
  const numbers = runs.map(summaryNumbers);
  const rows = runs.map(({ id, name, group, status, seed, wallMs }, i) => ({
    ...{ id, name, group, status, seed, minutes: Math.round(wallMs / 600) / 100 },
    ...numbers[i],
  }));
  const names = new Set(numbers.flatMap((record) => Object.keys(record)));
  showTable(rows, ["id", "name", "group", "status", "seed", "minutes", ...names]);
}
