import { Command } from "commander";
import { stringify } from "../../tracker/plain.js";
import { jsonOption, openToChange, storeOption, type ValueFlags } from "./options.js";

/** `dreamprm runs reindex` */
export function reindexCommand(): Command {
  return new Command("reindex")
    .description("make the cache of the list anew from the runs' folders; tells which cannot be read")
    .addOption(jsonOption())
    .addOption(storeOption())
    .addHelpText("after", "\nExample:\n  dreamprm runs reindex --store experiments/runs")
    .action(async ({ store: folder, json }: ValueFlags) => {
      const store = await openToChange(folder);
      const result = await store.reindex();
      if (json) return console.log(stringify(result, 2));
      for (const { id, reason } of result.unreadable) console.error(`left out ${id}: ${reason}`);
      console.log(`${result.runs} runs in ${store.folder}`);
    });
}
