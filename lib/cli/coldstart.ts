import { Command } from "commander";
import { join } from "node:path";
import { mean } from "../core/statistics.js";
import { positive } from "./arguments.js";
import { upperOnly } from "./chosenMethods.js";
import { formatReport } from "./formatReport.js";
import { flag } from "./policyFlags.js";
import { settled, trainStudy } from "./train.js";
import type { TrainFlags } from "./trainFlags.js";
import { numberText } from "./table.js";
import { addTrainOptions } from "./trainOptions.js";

/** options of train without a part in supervised training on all rows alike */
const unused = new Set([
  ...upperOnly,
  ..."metaJsonFile weighting methods baseline retrain weightsPath instance normalise netInputs hiddenDim".split(" "),
  ..."activationFunction weightRange initialization keepShare referenceIterations qualityJsonFile radius".split(" "),
  ..."hypergradientTerms hypergradientStep damping coldStartIterations iterationNum maxEpoch withoutSteps".split(" "),
]);

/** `dreamprm coldstart`: DreamPRM-1.5's supervised pass before weights are learned. */
export function coldstartCommand(): Command {
  const command = new Command("coldstart").description(
    "train a PRM on all rows alike, as a start for learned weights: train --start_from RUN goes on from it",
  );
  addTrainOptions(command, unused);
  return command
    .addOption(
      flag("epochs <number>", "passes over the training rows, or a part of one").default(1).argParser(positive),
    )
    .addHelpText(
      "after",
      `
As published: one epoch on 20,000 rows, with the recipe of the training that follows:
  dreamprm coldstart --recipe dreamprm-1.5-table --train_json_file warm.json
  dreamprm train --recipe dreamprm-1.5-table --start_from experiments/runs/RUN --train_json_file train.json --meta_json_file meta.json`,
    )
    .action(async (given: TrainFlags & { epochs: number }) => {
      const { iterationNum: _, ...defaults } = addTrainOptions(new Command()).opts<TrainFlags>();
      const { epochs, ...flags } = settled(command, given) as typeof given;
      const group = flags.group === "train" ? "coldstart" : flags.group;
      const { report, outcomes, store } = await trainStudy({ ...defaults, ...flags, group, maxEpoch: epochs }, [
        "vanilla",
      ]);
      if (flags.json) {
        console.log(JSON.stringify(report));
        return;
      }
      const lines = await Promise.all(
        outcomes.map(async ({ run }) => {
          const losses = (await (await store.read(run)).series("lower.loss")).map(({ value }) => value);
          const tenth = Math.ceil(losses.length / 10);
          const [start, end] = [losses.slice(0, tenth), losses.slice(-tenth)].map((part) => numberText(mean(part)));
          return `loss ${start} → ${end} in ${losses.length} iterations; start from it: --start_from ${join(store.folder, run)}`;
        }),
      );
      console.log([formatReport(report), ...lines].join("\n"));
    });
}
