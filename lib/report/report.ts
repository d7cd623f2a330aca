import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { unwritable } from "../tracker/adapter.js";
import { queryRuns, type RunQuery } from "../tracker/query/queryRuns.js";
import type { RunRecord, RunSummary } from "../tracker/runRecord.js";
import type { Store } from "../tracker/store.js";
import { collectRuns, type WeightText } from "./collect.js";
import { reportDocument } from "./document.js";

export interface ReportOptions {
  /** Defaults to "Runs". */
  readonly title?: string;
  /** What the entries of the weight vectors stand for; shown beside the heaviest and the lightest. */
  readonly weightText?: WeightText;
}

export interface ReportSource {
  /** the store's folder, as the page's head names it */
  readonly store?: string;
  /** the query that chose the runs, likewise */
  readonly query?: string;
}

/**
 * One self-contained HTML page on the given runs: a table to sort and filter, and of the runs selected there the curves,
 * the weights over time, the differences of configuration, the spread over seeds, environment, notes and artifacts.
 * It opens without a server and loads nothing; long series are thinned for display, and the page says so.
 *
 * @param records  in the order in which the table first shows them
 * @returns the page's text; the same runs give the same page, its date of writing aside
 * @example
 * const store = await openStore("experiments/runs", { readOnly: true });
 * const runs = await Promise.all((await store.list({ group: "demo" })).map((run) => store.read(run.id)));
 * const html = await runReport(runs, { title: "Demo" });
 */
export async function runReport(
  records: readonly RunRecord[],
  options: ReportOptions & ReportSource = {},
): Promise<string> {
  return pageOf(records, (run) => Promise.resolve(records[run]), options);
}

async function pageOf(
  runs: readonly RunSummary[],
  open: (run: number) => Promise<RunRecord>,
  { title = "Runs", weightText = () => undefined, store, query }: ReportOptions & ReportSource,
): Promise<string> {
  const collected = await collectRuns(runs, open, weightText);
  return reportDocument({
    title,
    ...(store !== undefined && { store }),
    ...(query !== undefined && { query }),
    createdAt: new Date().toISOString(),
    ...collected,
  });
}

/** Which runs: those of a query, which defaults to all, or those named in `runs`. */
export interface WriteReportOptions extends ReportOptions, RunQuery {
  /** ids, or beginnings of ids */
  readonly runs?: readonly string[];
}

/**
 * Writes {@link runReport} of a store's runs, newest first unless sorted. The file is replaced whole or not at all.
 *
 * @param file  its folder is made where it is missing
 * @returns the absolute path, and how many runs are on the page
 * @throws QueryError for a wrong query; Error when no run matches, an id is unknown, or the file cannot be written
 * @example
 * await writeReport(store, "report.html", { where: 'group = "demo"', title: "Demo" });
 */
export async function writeReport(
  store: Store,
  file: string,
  { runs: ids, title, weightText, ...query }: WriteReportOptions = {},
): Promise<{ path: string; runs: number }> {
  const { where } = query;
  if (where !== undefined && ids) throw new TypeError("writeReport: give `where` or `runs`, not both");
  const runs = ids ? await Promise.all(ids.map((id) => store.read(id))) : await queryRuns(store, query);
  if (runs.length === 0) {
    throw new Error(`no run${where === undefined ? "" : ` where ${where}`} in ${store.folder}: nothing to report`);
  }
  const html = await pageOf(runs, (run) => store.read(runs[run].id), {
    store: store.folder,
    ...(title !== undefined && { title }),
    ...(weightText && { weightText }),
    ...(where !== undefined && { query: where }),
  });
  const path = resolve(file);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, html);
  } catch (error) {
    throw unwritable(path, error);
  }
  return { path, runs: runs.length };
}
