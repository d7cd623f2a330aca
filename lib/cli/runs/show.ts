import { Command } from "commander";
import { stringify } from "../../tracker/plain.js";
import { describeRun, descriptionText } from "../runDescription.js";
import { jsonOption, openReadOnly, storeOption, type StoreFlags, type ValueFlags } from "./options.js";

/** `dreamprm runs show ID` */
export function showCommand(): Command {
  return new Command("show")
    .description("show one run: parameters, environment, metrics, weights")
    .argument("<id>", "run id or the beginning of it")
    .addOption(jsonOption())
    .addOption(storeOption())
    .addHelpText(
      "after",
      `
Examples:
  dreamprm runs show 20261121-0930
  dreamprm runs show 20261121-0930 --json | jq .digests`,
    )
    .action(async (id: string, { store: folder, json }: ValueFlags) => {
      const store = await openReadOnly(folder);
      const record = await store.read(id);
      for (const problem of await record.problems()) console.error(`left out: ${problem}`);
      const description = await describeRun(record);
      console.log(json ? stringify(description, 2) : descriptionText(description));
    });
}

/** `dreamprm runs path ID` */
export function pathCommand(): Command {
  return new Command("path")
    .description("print the folder of a run, or the path of one of its artifacts")
    .argument("<id>", "run id or the beginning of it")
    .argument("[artifact]", "name as `runs show` lists it")
    .addOption(storeOption())
    .addHelpText(
      "after",
      `
Examples:
  cd "$(dreamprm runs path 20261121-0930)"
  less "$(dreamprm runs path 20261121-0930 environment/diff.patch)"`,
    )
    .action(async (id: string, artifact: string | undefined, { store: folder }: StoreFlags) => {
      const store = await openReadOnly(folder);
      const record = await store.read(id);
      console.log(artifact === undefined ? record.folder : await record.artifact(artifact));
    });
}
