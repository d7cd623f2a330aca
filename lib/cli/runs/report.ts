import { Command } from "commander";
import { stringify } from "../../tracker/plain.js";
import { writeReport } from "../../report/report.js";
import {
  addSelection,
  jsonOption,
  openReadOnly,
  queryOf,
  selected,
  type SelectionFlags,
  storeOption,
  type ValueFlags,
  whereOption,
} from "./options.js";

interface ReportFlags extends SelectionFlags, ValueFlags {
  readonly output: string;
  readonly title?: string;
}

/** `dreamprm runs report` */
export function reportCommand(): Command {
  return addSelection(new Command("report").addOption(whereOption()))
    .description("write one HTML page on the runs, which opens without a server; prints its path")
    .argument("[ids...]", "run ids or their beginnings; without, all that the filters leave")
    .option("-o, --output <file>", "the page", "report.html")
    .option("--title <text>", "of the page")
    .addOption(jsonOption())
    .addOption(storeOption())
    .addHelpText(
      "after",
      `
Examples:
  dreamprm runs report -o report.html
  dreamprm runs report --where 'group = "demo" and status = "finished"' --title "Demo"`,
    )
    .action(async (ids: string[], { store: folder, json, output, title, ...selection }: ReportFlags) => {
      const store = await openReadOnly(folder);
      const runs = await selected(store, selection, ids);
      if (runs.length === 0) throw new Error(`no runs match in ${store.folder}: nothing to report`);
      const { group, status, tag } = selection;
      const isQuery = ids.length === 0 && (group ?? status ?? tag) === undefined; // which the page then names
      const which = isQuery ? queryOf(selection) : { runs: runs.map(({ id }) => id) };
      const written = await writeReport(store, output, { ...which, ...(title !== undefined && { title }) });
      console.log(json ? stringify(written) : written.path);
    });
}
