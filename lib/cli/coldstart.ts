import { Command } from "commander";
import { formatReport } from "./formatReport.js";
import { applyRecipe } from "./recipes.js";
import { trainStudy } from "./train.js";
import type { TrainFlags } from "./trainFlags.js";
import { addTrainOptions } from "./trainOptions.js";

/** `dreamprm coldstart`: DreamPRM-1.5's supervised pass before weights are learned. */
export function coldstartCommand(): Command {
  const command = addTrainOptions(
    new Command("coldstart").description(
      "train a PRM on all rows alike, as a start for learned weights: train --start_from RUN goes on from it",
    ),
  );
  return command.action(async (given: TrainFlags) => {
    const flags = { ...applyRecipe(command, given), metaBatchSize: 1 };
    const { report, outcomes, store } = await trainStudy(
      { ...flags, group: flags.group === "train" ? "coldstart" : flags.group },
      ["vanilla"],
    );
    if (flags.json) console.log(JSON.stringify(report));
    else
      console.log(
        [formatReport(report), ...outcomes.map(({ run }) => `start from it: --start_from ${store.folder}/${run}`)].join(
          "\n",
        ),
      );
  });
}
