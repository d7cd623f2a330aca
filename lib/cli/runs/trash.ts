import { Command } from "commander";
import { stringify } from "../../tracker/plain.js";
import type { Store } from "../../tracker/store.js";
import { notNegative } from "../arguments.js";
import { textTable } from "../table.js";
import {
  jsonOption,
  openReadOnly,
  openToChange,
  storeOption,
  type StoreFlags,
  type ValueFlags,
  wholeIds,
} from "./options.js";
import { print } from "./print.js";

/** `dreamprm runs rm ID…` */
export function rmCommand(): Command {
  return new Command("rm")
    .description("move runs to the trash; a run that is running is refused")
    .argument("<ids...>", "run ids or their beginnings")
    .addOption(storeOption())
    .addHelpText(
      "after",
      `
Examples:
  dreamprm runs rm 20261121-0930
  dreamprm runs query 'status = "crashed"' --ids | xargs dreamprm runs rm`,
    )
    .action(async (ids: string[], { store: folder }: StoreFlags) => {
      const store = await openToChange(folder);
      for (const id of await wholeIds(store, ids)) {
        await store.remove(id);
        console.log(`${id} is in the trash; \`dreamprm runs restore ${id}\` takes it back`);
      }
    });
}

/** `dreamprm runs restore ID…` */
export function restoreCommand(): Command {
  return new Command("restore")
    .description("take runs out of the trash")
    .argument("<ids...>", "run ids or their beginnings, as `runs trash ls` lists them")
    .addOption(storeOption())
    .addHelpText("after", "\nExample:\n  dreamprm runs restore 20261121-0930")
    .action(async (ids: string[], { store: folder }: StoreFlags) => {
      const store = await openToChange(folder);
      for (const id of await trashedIds(store, ids)) {
        await store.restore(id);
        console.log(`${id} is back`);
      }
    });
}

/** `dreamprm runs trash ls` and `dreamprm runs trash empty` */
export function trashCommand(): Command {
  return new Command("trash")
    .description("list the removed runs, or delete them for good")
    .addCommand(
      new Command("ls")
        .description("list removed runs, the last removed first")
        .addOption(jsonOption())
        .addOption(storeOption())
        .action(listTrash),
    )
    .addCommand(
      new Command("empty")
        .description("delete removed runs for good")
        .option("--older-than <days>", "only those removed at least so many days ago", notNegative, 0)
        .option("--yes", "do it; without, only say what would go")
        .addOption(storeOption())
        .addHelpText("after", "\nExample:\n  dreamprm runs trash empty --older-than 30 --yes")
        .action(emptyTrash),
    );
}

async function listTrash({ store: folder, json }: ValueFlags): Promise<void> {
  const store = await openReadOnly(folder);
  const trashed = await store.trash();
  if (json) return console.log(stringify(trashed, 2));
  if (trashed.length === 0) return console.log(`the trash of ${store.folder} is empty`);
  const time = (iso: string) => iso.slice(0, 16).replace("T", " ");
  print(textTable(["id", "removed (UTC)", "name"], trashed.map((run) => [run.id, time(run.removedAt), run.name]))); // prettier-ignore
}

async function emptyTrash(flags: StoreFlags & { readonly olderThan: number; readonly yes?: boolean }): Promise<void> {
  const store = await openToChange(flags.store);
  if (flags.yes) {
    const gone = await store.emptyTrash({ olderThanDays: flags.olderThan });
    return console.log(`deleted ${runs(gone.length)}`);
  }
  const before = Date.now() - flags.olderThan * 86_400_000;
  const old = (await store.trash()).filter(({ removedAt }) => Date.parse(removedAt) <= before);
  if (old.length === 0) return console.log("nothing to delete");
  throw new Error(`${runs(old.length)} would be gone for good (\`dreamprm runs trash ls\`): add --yes to delete them`);
}

const runs = (n: number): string => `${n} ${n === 1 ? "run" : "runs"}`;

/** All are looked up before one is restored. */
async function trashedIds(store: Store, ids: readonly string[]): Promise<string[]> {
  const there = (await store.trash()).map(({ id }) => id);
  return ids.map((id) => {
    const [match, ...others] = there.includes(id) ? [id] : there.filter((name) => id !== "" && name.startsWith(id));
    if (match === undefined) {
      throw new Error(`no run "${id}" in the trash of ${store.folder}: \`dreamprm runs trash ls\` lists what is there`);
    }
    if (others.length > 0) throw new Error(`"${id}" begins the ids of ${[match, ...others].join(", ")}`);
    return match;
  });
}
