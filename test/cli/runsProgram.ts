/** `dreamprm runs …` as a process of its own, which loads nothing else of the program. */
import { runsCommand } from "../../lib/cli/runs.js";

runsCommand()
  .parseAsync()
  .catch((error: unknown) => {
    console.error(`dreamprm: ${(error as Error).message}`);
    process.exitCode = 1;
  });
