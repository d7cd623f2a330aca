import { Command } from "commander";
import { stringify } from "../../tracker/plain.js";
import type { RunSummary } from "../../tracker/runRecord.js";
import type { Store } from "../../tracker/store.js";
import { type RunCell, runCells, summaryNumbers } from "../../views/runCells.js";
import { durationText, numberText, textTable } from "../table.js";
import {
  addSelection,
  jsonOption,
  list,
  openReadOnly,
  selected,
  type SelectionFlags,
  storeOption,
  type ValueFlags,
  whereOption,
} from "./options.js";
import { print } from "./print.js";

interface ListFlags extends SelectionFlags, ValueFlags {
  readonly columns?: readonly string[];
  readonly ids?: boolean;
}

/** `dreamprm runs ls` */
export function lsCommand(): Command {
  return addListOptions(new Command("ls").addOption(whereOption()))
    .description("list runs, newest first")
    .addHelpText(
      "after",
      `
Examples:
  dreamprm runs ls --group demo --status finished
  dreamprm runs ls --where 'metrics.auc > 0.7' --sort -metrics.auc --limit 10
  dreamprm runs ls --columns id,name,params.lr,metrics.upper.loss.best

A terminal shows of each id as much as names the run, a pipe whole ids.`,
    )
    .action((flags: ListFlags) => printList(flags));
}

/** `dreamprm runs query EXPRESSION`: `ls --where EXPRESSION` */
export function queryCommand(): Command {
  return addListOptions(new Command("query"))
    .description("list the runs for which an expression holds; the same as `runs ls --where`")
    .argument("<expression>", "a condition, in quotes for the shell")
    .addHelpText("after", LANGUAGE)
    .action((where: string, flags: ListFlags) => printList({ ...flags, where }));
}

const LANGUAGE = `
Names:      params.A.B (or A.B), summary.A, metrics.NAME, and metrics.NAME with
            .last .first .best .min .max .mean .at(STEP); id, name, group, tags,
            status, reason, notes, parent, archived, seed, startedAt, endedAt,
            wallMs, now
Values:     1e-3  "text"  true  false  null  nan  ["a", "b"]
            30min  2h  7d  2026-11-21
Operators:  or, and, not, = != < <= > >= in, not in, contains, not contains, + -

Examples:
  dreamprm runs query 'params.metaLr >= 1e-3 and metrics.auc.last > 0.7'
  dreamprm runs query 'status = "crashed" and startedAt > now - 7d'
  dreamprm runs query 'tags contains "sweep" and metrics.loss = nan' --ids | xargs dreamprm runs rm`;

function addListOptions(command: Command): Command {
  return addSelection(command)
    .option("--columns <values>", "these values, named as in a query, with commas between", list)
    .option("--ids", "print the ids alone, one per line")
    .addOption(jsonOption())
    .addOption(storeOption());
}

async function printList({ store: folder, json, ids, columns, ...selection }: ListFlags): Promise<void> {
  const store = await openReadOnly(folder);
  const runs = await selected(store, selection);
  if (json) return console.log(stringify(runs, 2));
  if (ids) return runs.forEach(({ id }) => console.log(id));
  if (runs.length === 0) {
    const filtered = Object.values(selection).some((value) => value !== undefined);
    return console.log(`no runs${filtered ? " match" : ""} in ${store.folder}`);
  }
  if (!columns) {
    const idLength = process.stdout.isTTY ? await tellingLength(store) : undefined;
    const heads = ["id", "status", "name", "group", "seed", "took", "summary"];
    return print(textTable(heads, runs.map((run) => row(run, idLength)))); // prettier-ignore
  }
  const cells = runCells(runs, columns).map((cell) => columns.map((column) => cellText(cell[column])));
  print(textTable(columns, cells));
}

const MOST_NUMBERS = 3;

function row(run: RunSummary, idLength?: number): string[] {
  const numbers = Object.entries(summaryNumbers(run)).map(([name, value]) => `${name}=${numberText(value)}`);
  const summary = [...numbers.slice(0, MOST_NUMBERS), ...(numbers.length > MOST_NUMBERS ? ["…"] : [])].join(" ");
  const seed = run.seed === undefined ? "–" : String(run.seed);
  return [run.id.slice(0, idLength), run.status, run.name, run.group ?? "–", seed, durationText(run.wallMs), summary];
}

const DATE_AND_TIME = "20261121-093000".length;

/** How much of an id is enough to tell all runs of the store apart. */
async function tellingLength(store: Store): Promise<number> {
  const ids = (await store.list({ archived: "all" })).map(({ id }) => id);
  const unique = (length: number) => new Set(ids.map((id) => id.slice(0, length))).size === ids.length;
  let length = DATE_AND_TIME;
  while (!unique(length)) length++;
  return length;
}

function cellText(cell: RunCell): string {
  if (cell === null) return "–";
  return typeof cell === "number" ? numberText(cell) : String(cell).replace(/\s*\n\s*/g, " ");
}
