/** The published hyperparameters as presets. */
import type { Command } from "commander";
import type { TrainFlags } from "./trainFlags.js";

export const recipeNames = ["dreamprm", "dreamprm-1.5-table", "dreamprm-1.5-net"] as const;
export type RecipeName = (typeof recipeNames)[number];

type Recipe = Partial<Omit<TrainFlags, "recipe">>;

/** DreamPRM (arXiv 2505.20241): the defaults of its program. */
const dreamprm: Recipe = {
  ...{ rewardModel: "Qwen/Qwen2-VL-2B-Instruct", readout: "logits", tune: "full", imageLongestSide: 512 },
  ...{ weighting: "domain-table", stepLoss: "squaredError", aggregationFunction: "logOddsMean" },
  ...{ iterationNum: 10_000, batchSize: 1, metaBatchSize: 1, unrollSteps: 5, gradientAccumulation: 1 },
  ...{ lr: 5e-7, metaLr: 0.01, weightDecay: 1e-3, metaWeightDecay: 0 },
  ...{ schedulerType: "step_lr", schedulerStepSize: 5000, schedulerGamma: 0.5 },
  ...{ saveEveryIterations: 1000, seed: 1 },
};

/**
 * DreamPRM-1.5; its cold start is a run before it, `dreamprm coldstart`. Differs: the loss is the cross entropy of "+"
 * against "-", without the rest of the vocabulary; a batch is a step of a solution, not the whole.
 */
const dreamprm15: Recipe = {
  ...{ rewardModel: "OpenGVLab/InternVL3-1B", readout: "label", tune: "full", maxPatchNum: 6 },
  ...{ stepLoss: "crossEntropy", aggregationFunction: "mean", lossTarget: "+", stepWeighting: "mean" },
  ...{ iterationNum: 100_000, batchSize: 1, metaBatchSize: 1, unrollSteps: 1, gradientAccumulation: 1 },
  ...{ lr: 5e-5, weightDecay: 1e-2, metaWeightDecay: 1e-3, gradientClipping: 1, metaGradientClipping: 1 },
  ...{ schedulerType: "cosine_schedule_with_warmup", saveEveryIterations: 1000, seed: 1 },
};

export const recipes: Readonly<Record<RecipeName, Recipe>> = {
  dreamprm,
  /** the range is projected onto: a weight at its bound still learns, which published clipping prevents */
  "dreamprm-1.5-table": {
    ...dreamprm15,
    ...{ weighting: "instance-table", instance: "solution", initialization: 1, metaLr: 5e-3 },
    ...{ activationFunction: "projected", weightRange: [0, 3] },
  },
  "dreamprm-1.5-net": { ...dreamprm15, weighting: "instance-net-published", hiddenDim: 10, metaLr: 5e-4 },
};

/** The flags with a recipe's values where the command line gives none; what the recipe sets is printed. */
export function applyRecipe(command: Command, flags: TrainFlags): TrainFlags {
  if (flags.recipe === undefined) return flags;
  const given = (name: string) => command.getOptionValueSource(name) === "cli";
  const chosen = ["methods", "weighting", "baseline", "retrain"].some(given);
  const entries = Object.entries(recipes[flags.recipe]).filter(
    ([name]) => !given(name) && !(name === "weighting" && chosen),
  );
  if (flags.quiet !== true && flags.json !== true) {
    const shown = entries.map(
      ([name, value]) => `  ${name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)} ${String(value)}`,
    );
    console.log([`recipe ${flags.recipe}; options override it`, ...shown].join("\n"));
  }
  return { ...flags, ...(Object.fromEntries(entries) as Recipe) };
}
