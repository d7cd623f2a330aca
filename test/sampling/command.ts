/** The commands that ask a policy, alone: a process with them starts several times as fast as one with all of `dreamprm`. */
import { Command } from "commander";
import { buildMetaCommand } from "../../lib/cli/buildMeta.js";
import { labelCommand } from "../../lib/cli/label.js";
import { sampleCommand } from "../../lib/cli/sample.js";
import { searchCommand } from "../../lib/cli/search.js";

const program = new Command("dreamprm");
for (const command of [sampleCommand(), labelCommand(), buildMetaCommand(), searchCommand()])
  program.addCommand(command);
program.parseAsync().catch((error: unknown) => {
  console.error(`dreamprm: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
