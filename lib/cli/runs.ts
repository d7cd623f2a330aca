import { Command } from "commander";
import { compareCommand } from "./runs/compare.js";
import { diffCommand } from "./runs/diff.js";
import { exportCommand } from "./runs/export.js";
import { importCommand } from "./runs/import.js";
import { labelCommands } from "./runs/labels.js";
import { lsCommand, queryCommand } from "./runs/ls.js";
import { reindexCommand } from "./runs/reindex.js";
import { reportCommand } from "./runs/report.js";
import { pathCommand, showCommand } from "./runs/show.js";
import { tailCommand } from "./runs/tail.js";
import { restoreCommand, rmCommand, trashCommand } from "./runs/trash.js";

/** `dreamprm runs …`: what there is to do with logged runs. */
export function runsCommand(): Command {
  const runs = new Command("runs")
    .description("list, compare, follow, change and exchange logged runs")
    .hook("preAction", () => void process.stdout.off("error", endOfReader).on("error", endOfReader));
  const verbs = [
    [lsCommand(), queryCommand(), showCommand(), pathCommand(), tailCommand(), compareCommand(), diffCommand()],
    labelCommands(),
    [rmCommand(), restoreCommand(), trashCommand()],
    [exportCommand(), importCommand(), reportCommand(), reindexCommand()],
  ];
  for (const verb of verbs.flat()) runs.addCommand(verb);
  return runs;
}

/** `dreamprm runs ls | head -1`: who reads has enough. */
function endOfReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
}
