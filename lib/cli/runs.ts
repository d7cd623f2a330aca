import { Command, Option } from "commander";
import { flatten, stringify } from "../tracker/plain.js";
import { STORED_STATUS } from "../tracker/record.js";
import type { RunSummary } from "../tracker/runRecord.js";
import { defaultStore, openStore, type RunFilter, type Store } from "../tracker/store.js";
import { describeRun, descriptionText } from "./runDescription.js";
import { durationText, numberText, textTable } from "./table.js";

interface ListOptions extends RunFilter {
  readonly store?: string;
  readonly json?: boolean;
}

type ShowOptions = Pick<ListOptions, "store" | "json">;

/** `dreamprm runs ls` and `dreamprm runs show ID`. */
export function runsCommand(): Command {
  const store = () => new Option("--store <folder>", "run store; defaults to $DREAMPRM_STORE or experiments/runs");
  const json = () => new Option("--json", "print one JSON value");
  return new Command("runs")
    .description("list and show logged runs")
    .addCommand(
      new Command("ls")
        .description("list runs, newest first")
        .addOption(store())
        .option("--group <name>", "only this group")
        .addOption(new Option("--status <status>", "only this status").choices([...STORED_STATUS, "crashed"]))
        .option("--tag <tag>", "only runs with this tag")
        .addOption(json())
        .action(list),
    )
    .addCommand(
      new Command("show")
        .description("show one run: parameters, environment, metrics, weights")
        .argument("<id>", "run id or the beginning of it")
        .addOption(store())
        .addOption(json())
        .action(show),
    );
}

const openReadOnly = (folder = defaultStore()): Promise<Store> => openStore(folder, { readOnly: true });

async function list({ store: folder, json, ...filter }: ListOptions): Promise<void> {
  const store = await openReadOnly(folder);
  const runs = await store.list(filter);
  for (const { id, reason } of await store.unreadable()) console.error(`left out ${id}: ${reason}`);
  if (json) console.log(stringify(runs, 2));
  else if (runs.length === 0)
    console.log(`no runs${Object.keys(filter).length > 0 ? " match" : ""} in ${store.folder}`);
  else console.log(textTable(["id", "status", "name", "group", "seed", "started", "took", "summary"], runs.map(row)));
}

function row(run: RunSummary): string[] {
  const started = run.startedAt.slice(0, 16).replace("T", " ");
  const numbers = Object.entries(flatten(run.summary)).filter((e): e is [string, number] => typeof e[1] === "number");
  const summary = numbers.slice(0, 3).map(([name, value]) => `${name}=${numberText(value)}`);
  const seed = run.seed === undefined ? "–" : String(run.seed);
  const all = [...summary, ...(numbers.length > 3 ? ["…"] : [])].join(" ");
  return [run.id, run.status, run.name, run.group ?? "–", seed, started, durationText(run.wallMs), all];
}

async function show(id: string, { store: folder, json }: ShowOptions): Promise<void> {
  const store = await openReadOnly(folder);
  const record = await store.read(id);
  for (const problem of await record.problems()) console.error(`left out: ${problem}`);
  const description = await describeRun(record);
  console.log(json ? stringify(description, 2) : descriptionText(description));
}
