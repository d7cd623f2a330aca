/** The published hyperparameters as presets. */
import type { Command } from "commander";
import type { Tuning } from "../vlm/visionPrm.js";
import type { TrainFlags } from "./trainFlags.js";
import { isVlm, snake } from "./vlmOptions.js";

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
 * DreamPRM-1.5; its cold start is a run before it, `dreamprm coldstart`. A batch is a training row: a solution with all
 * its steps in one pass, with one weight. Its labels "+" and "-" are hard; a soft target p weighs "+" with p and "-" with
 * 1 − p in the cross entropy. Differs: the cross entropy is of "+" against "-", without the rest of the vocabulary.
 */
const dreamprm15: Recipe = {
  ...{ rewardModel: "OpenGVLab/InternVL3-1B", readout: "label", tune: "full", maxPatchNum: 6 },
  ...{ stepLoss: "crossEntropy", stepWeighting: "mean", instance: "solution", batchUnit: "solution" },
  ...{ aggregationFunction: "mean", lossTarget: "+", metaLoss: "squaredError" },
  ...{ iterationNum: 100_000, batchSize: 1, metaBatchSize: 1, unrollSteps: 1, gradientAccumulation: 1 },
  ...{ lr: 5e-5, weightDecay: 1e-2, metaWeightDecay: 1e-3, gradientClipping: 1, metaGradientClipping: 1 },
  ...{ schedulerType: "cosine_schedule_with_warmup", saveEveryIterations: 1000, seed: 1 },
};

export const recipes: Readonly<Record<RecipeName, Recipe>> = {
  dreamprm,
  /**
   * Differs: weights are projected onto [0, 3] as the paper has it, so one at its bound still learns; the published code
   * clips to [−1, 3] in the forward pass alone (`--activation_function Clip`), where weights may be negative.
   */
  "dreamprm-1.5-table": {
    ...dreamprm15,
    ...{ weighting: "instance-table", initialization: 1, metaLr: 5e-3 },
    ...{ activationFunction: "projected", weightRange: [0, 3] },
  },
  "dreamprm-1.5-net": { ...dreamprm15, weighting: "instance-net-published", hiddenDim: 10, metaLr: 5e-4 },
};

/**
 * What holds for vision-language models where neither an option nor a recipe says otherwise: DreamPRM's, but for rates
 * with LoRA and of a head alone, of which nothing is published.
 */
export function vlmDefaults(tune: Tuning) {
  const lr = { full: 5e-7, lora: 1e-4, frozen: 1e-3 }[tune];
  return { iterationNum: 10_000, batchSize: 1, metaBatchSize: 1, lr, saveEveryIterations: 1000 } satisfies Recipe;
}

/** The flags with the values of a recipe, or for a VLM, where the command line gives none; what is set is printed. */
export function applyRecipe(command: Command, flags: TrainFlags): TrainFlags {
  const { recipe, quiet, json } = flags;
  if (recipe === undefined && !isVlm(flags)) return flags;
  const given = (name: string) => command.getOptionValueSource(name) === "cli";
  const chosen = ["methods", "weighting", "baseline", "retrain"].some(given);
  const known = new Set(command.options.map((option) => option.attributeName()));
  const entries = Object.entries(recipe === undefined ? vlmDefaults(flags.tune) : recipes[recipe]).filter(
    ([name]) => known.has(name) && !given(name) && !(name === "weighting" && chosen),
  );
  if (!quiet && !json) {
    const shown = entries.map(([name, value]) => `  ${snake(name)} ${String(value)}`);
    const what = recipe === undefined ? "defaults of vision-language models" : `recipe ${recipe}`;
    console.log([`${what}; options override them`, ...shown].join("\n"));
  }
  return { ...flags, ...(Object.fromEntries(entries) as Recipe) };
}
