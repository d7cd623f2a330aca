import { Command } from "commander";
import { stringify } from "../../tracker/plain.js";
import { type ImportedRun, importRuns } from "../../tracker/exchange/importRuns.js";
import { type UnpackedRuns, unpackRuns } from "../../tracker/exchange/unpackRuns.js";
import { defaultStore, openStore } from "../../tracker/store.js";
import { jsonOption, storeOption, type ValueFlags } from "./options.js";

const ARCHIVE = /\.(?:tar\.gz|tgz)$/i;

/** `dreamprm runs import FILE…` */
export function importCommand(): Command {
  return new Command("import")
    .description("add runs from archives of `runs export`, or from CSV files of TensorBoard, W&B or Trackio")
    .argument("<files...>", ".tar.gz, .tgz: an archive, whose runs keep their ids; else CSV")
    .addOption(jsonOption())
    .addOption(storeOption())
    .addHelpText(
      "after",
      `
Of each archive, and of the CSV files together, all runs are imported or none.
TensorBoard has a CSV file per metric: those of one run that are named together
become one run.

Examples:
  dreamprm runs import run.tar.gz
  dreamprm runs import run-a-tag-loss.csv run-a-tag-auc.csv
  dreamprm runs import wandb_export.csv --store experiments/runs`,
    )
    .action(importFiles);
}

async function importFiles(files: string[], { store: folder, json }: ValueFlags): Promise<void> {
  const store = await openStore(folder ?? defaultStore());
  const tables = files.filter((file) => !ARCHIVE.test(file));
  const imported: ImportedRun[] = tables.length > 0 ? await importRuns(store, tables) : [];
  const unpacked: UnpackedRuns[] = [];
  const archives = files.filter((file) => ARCHIVE.test(file));
  const say = (text: string) => void (json || console.log(text));
  for (const { id, name, points } of imported) say(`${id}  ${name}, ${points} steps`);
  for (const file of archives) {
    const result = await unpackRuns(store, file);
    for (const id of result.imported) say(`${id}  from ${file}`);
    for (const id of result.skipped) say(`${id}  is in ${store.folder} already, the same`);
    unpacked.push(result);
  }
  if (!json) return;
  const whole = { imported: unpacked.flatMap((u) => u.imported), skipped: unpacked.flatMap((u) => u.skipped) };
  console.log(stringify({ imported: [...imported.map(({ id }) => id), ...whole.imported], skipped: whole.skipped }));
}
