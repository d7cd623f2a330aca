import { type Command, InvalidArgumentError, Option } from "commander";
import { STORED_STATUS } from "../../tracker/record.js";
import { type RunQuery, selectRuns } from "../../tracker/query/queryRuns.js";
import type { RunSummary } from "../../tracker/runRecord.js";
import { defaultStore, openStore, type RunFilter, type Store } from "../../tracker/store.js";
import { positiveInteger } from "../arguments.js";

export interface StoreFlags {
  readonly store?: string;
}

export interface ValueFlags extends StoreFlags {
  readonly json?: boolean;
}

export const storeOption = (): Option =>
  new Option("--store <folder>", "run store; defaults to $DREAMPRM_STORE or experiments/runs");

export const jsonOption = (): Option => new Option("--json", "print one JSON value");

export const openReadOnly = (folder = defaultStore()): Promise<Store> => openStore(folder, { readOnly: true });

/** To change what is there: a missing store is an error, not made. */
export async function openToChange(folder = defaultStore()): Promise<Store> {
  await openReadOnly(folder);
  return openStore(folder);
}

/** `a, b` → ["a", "b"]; commas in quotes do not divide. */
export function list(text: string): string[] {
  const items = text.match(/(?:"[^"]*"|'[^']*'|[^,"'])+/g)?.map((item) => item.trim()) ?? [];
  if (items.length === 0 || items.includes("")) throw new InvalidArgumentError("It must be names with commas between.");
  return items;
}

/** Which runs. */
export interface SelectionFlags extends Pick<RunFilter, "group" | "status" | "tag"> {
  readonly where?: string | undefined;
  readonly sort?: string | undefined;
  readonly limit?: number | undefined;
  readonly archived?: boolean | undefined;
  readonly all?: boolean | undefined;
}

export const whereOption = (): Option =>
  new Option("--where <expression>", "only runs for which it holds (see `runs query --help`)");

/** Without `--where`. */
export function addSelection(command: Command): Command {
  return command
    .option("--group <name>", "only this group")
    .addOption(new Option("--status <status>", "only this status").choices([...STORED_STATUS, "crashed"]))
    .option("--tag <tag>", "only runs with this tag")
    .option("--sort <values>", "by one or more values, -VALUE: descending, such as -metrics.auc.best,name")
    .option("--limit <n>", "at most so many, after sorting", positiveInteger)
    .addOption(new Option("--archived", "only archived runs").conflicts("all"))
    .option("--all", "archived runs too");
}

/** The runs of `ids` in their order, or else those of the filters; damaged ones are told on stderr. */
export async function selected(
  store: Store,
  { group, status, tag, where, sort, limit, archived, all }: SelectionFlags,
  ids: readonly string[] = [],
): Promise<RunSummary[]> {
  if (ids.length > 0) {
    const filters = { group, status, tag, where, sort, limit, archived, all };
    const given = Object.entries(filters).find(([, value]) => value !== undefined);
    if (given) throw new Error(`give run ids or --${given[0]}, not both`);
    const records: RunSummary[] = [];
    for (const id of ids) records.push(await store.read(id));
    return records;
  }
  const filter: RunFilter = {
    ...(group !== undefined && { group }),
    ...(status !== undefined && { status }),
    ...(tag !== undefined && { tag }),
    archived: "all",
  };
  const runs = await selectRuns(store, await store.list(filter), queryOf({ where, sort, limit, archived, all }));
  for (const { id, reason } of await store.unreadable()) console.error(`left out ${id}: ${reason}`);
  return runs;
}

/** Without group, status and tag. */
export const queryOf = ({ where, sort, limit, archived, all }: SelectionFlags): RunQuery => ({
  ...(where !== undefined && { where }),
  ...(sort !== undefined && { sort }),
  ...(limit !== undefined && { limit }),
  ...((all ?? archived) && { archived: all ? "all" : true }),
});

/** The ids as they are in the store, each once: all are looked up before anything is done to one. Damaged runs count too. */
export async function wholeIds(store: Store, ids: readonly string[]): Promise<string[]> {
  const damaged = new Set((await store.unreadable()).map(({ id }) => id));
  const whole: string[] = [];
  for (const id of ids) whole.push(damaged.has(id) ? id : (await store.read(id)).id);
  return [...new Set(whole)];
}
