import { Command, Option } from "commander";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { latexTable } from "../../figures/latex.js";
import { unwritable } from "../../tracker/adapter.js";
import { packRuns } from "../../tracker/exchange/packRuns.js";
import { metricsTable, runsTable, type TableRow } from "../../tracker/exchange/tables.js";
import { writeTensorBoard } from "../../tracker/exchange/tensorBoard.js";
import { toCsv, toJson, writeTable } from "../../tracker/exchange/writeTable.js";
import type { RunSummary } from "../../tracker/runRecord.js";
import type { Store } from "../../tracker/store.js";
import { type RunCell, runCells, summaryNumbers } from "../../views/runCells.js";
import {
  addSelection,
  list,
  openReadOnly,
  selected,
  type SelectionFlags,
  storeOption,
  type StoreFlags,
  whereOption,
} from "./options.js";

interface ExportFlags extends SelectionFlags, StoreFlags {
  readonly format?: Format;
  readonly output?: string;
  readonly series?: boolean;
  readonly columns?: readonly string[];
}

/** What the output's name ends in. */
const ENDINGS = {
  csv: [".csv"],
  json: [".json"],
  parquet: [".parquet"],
  latex: [".tex"],
  archive: [".tar.gz", ".tgz"],
  tensorboard: [],
} as const satisfies Record<string, readonly string[]>;
type Format = keyof typeof ENDINGS;

/** `dreamprm runs export` */
export function exportCommand(): Command {
  return addSelection(new Command("export").addOption(whereOption()))
    .description("write runs as a table, as TensorBoard's event files, or as an archive for another store")
    .argument("[ids...]", "run ids or their beginnings; without, all that the filters leave")
    .addOption(
      new Option("--format <format>", "defaults to what the output's name ends in").choices(Object.keys(ENDINGS)),
    )
    .option("-o, --output <path>", "file, or folder of tensorboard; without, csv, json and latex are printed")
    .option("--series", "csv, json, parquet: all logged values in long form, not one row per run")
    .option("--columns <values>", "csv, json, parquet, latex: these values, named as in a query", list)
    .addOption(storeOption())
    .addHelpText(
      "after",
      `
Examples:
  dreamprm runs export -o runs.parquet
  dreamprm runs export --group demo --series -o metrics.csv
  dreamprm runs export --format latex --columns name,seed,metrics.auc --sort name
  dreamprm runs export --format tensorboard -o tensorboard/
  dreamprm runs export 20261121-0930 -o run.tar.gz`,
    )
    .action(exportRuns);
}

async function exportRuns(ids: string[], { store: folder, format, output, ...flags }: ExportFlags): Promise<void> {
  const { series = false, columns, ...selection } = flags;
  const kind = formatOf(format, output);
  const isTable = kind === "csv" || kind === "json" || kind === "parquet";
  if (series && (columns || !isTable)) throw new Error("--series is for csv, json and parquet, without --columns");
  if (columns && !isTable && kind !== "latex") throw new Error(`--columns is not for ${kind}, which holds whole runs`);
  const store = await openReadOnly(folder);
  const runs = await selected(store, selection, ids);
  if (runs.length === 0) throw new Error(`no runs match in ${store.folder}: nothing to export`);
  if (isTable) {
    const rows = series ? await seriesOf(store, runs) : columns ? runCells(runs, columns) : runsTable(runs);
    if (output === undefined) return void process.stdout.write(kind === "json" ? toJson(rows) : toCsv(rows));
    await inFolder(dirname(output));
    await writeTable(output, rows);
  } else if (kind === "latex") {
    const table = runsLatex(runs, columns);
    if (output === undefined) return void process.stdout.write(table);
    await inFolder(dirname(output));
    await writeFileAtomic(output, table).catch((error: unknown) => {
      throw unwritable(output, error);
    });
  } else await exportWhole(kind, store, runs, output as string);
  console.log(resolve(output as string));
}

async function exportWhole(
  kind: "tensorboard" | "archive",
  store: Store,
  runs: readonly RunSummary[],
  output: string,
): Promise<void> {
  if (kind === "tensorboard") {
    for (const { id } of runs) await writeTensorBoard(await store.read(id), join(output, id));
    return;
  }
  await inFolder(dirname(output));
  await packRuns(store, runs.map(({ id }) => id), output); // prettier-ignore
}

async function inFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw unwritable(folder, error);
  });
}

function formatOf(format: Format | undefined, output: string | undefined): Format {
  const endings = Object.entries(ENDINGS) as [Format, readonly string[]][];
  const named = endings.find(([, ends]) => ends.some((end) => output?.toLowerCase().endsWith(end)))?.[0];
  const kind = format ?? named;
  if (kind === undefined) {
    const known = endings.flatMap(([, ends]) => ends).join(", ");
    throw new Error(`give --format, or -o with a name that ends in one of ${known}`);
  }
  const isTable = kind !== "tensorboard";
  if (output !== undefined && isTable && named !== kind) {
    throw new Error(`${output}: the name of a ${kind} file ends in ${ENDINGS[kind].join(" or ")}`);
  }
  if (output === undefined && !["csv", "json", "latex"].includes(kind)) throw new Error(`${kind} needs -o <path>`);
  return kind;
}

async function seriesOf(store: Store, runs: readonly RunSummary[]): Promise<TableRow[]> {
  const tables: TableRow[][] = [];
  for (const { id } of runs) tables.push(await metricsTable(await store.read(id)));
  return tables.flat();
}

/** Whole numbers without a point; NaN and ±Infinity in words. */
function runsLatex(runs: readonly RunSummary[], columns?: readonly string[]): string {
  const cells: Readonly<Record<string, RunCell>>[] = columns
    ? runCells(runs, columns)
    : runs.map((run) => ({ name: run.name, seed: run.seed ?? null, status: run.status, ...summaryNumbers(run) }));
  const names = columns ?? [...new Set(cells.flatMap((row) => Object.keys(row)))];
  const printable = (cell: RunCell = null) =>
    typeof cell === "boolean" || (typeof cell === "number" && !Number.isFinite(cell)) ? String(cell) : cell;
  return latexTable({
    columns: names.map((name) => ({
      name,
      title: name.replace(/^(?:params|summary|metrics)\./, ""),
      ...(cells.every((row) => Number.isInteger(row[name] ?? 0)) && { digits: 0 }),
    })),
    rows: cells.map((row) => Object.fromEntries(names.map((name) => [name, printable(row[name])]))),
  });
}
