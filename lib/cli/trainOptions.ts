import { type Command, Option } from "commander";
import { hypergradientMethods } from "../bilevel/hypergradient/hypergradient.js";
import { batchUnits } from "../data/batch.js";
import { aggregations } from "../loss/aggregate.js";
import { lossTargets } from "../loss/objective.js";
import { methodNames } from "../study/methods.js";
import { type Tuning, tunings } from "../vlm/visionPrm.js";
import { instanceNetInputs } from "../weighting/instanceNet.js";
import { normalisations } from "../weighting/normalisation.js";
import {
  anyNumber,
  integer,
  integers,
  list,
  notNegative,
  positive,
  positiveInteger,
  range,
  share,
  wholeNotNegative,
} from "./arguments.js";
import { flag } from "./policyFlags.js";
import { recipeNames, vlmDefaults } from "./recipes.js";
import { activationNames } from "./trainFlags.js";
import { addVlmOptions, precision } from "./vlmOptions.js";

/**
 * Adds the options to a command, but for those in `without`. Every name is DreamPRM's or DreamPRM-1.5's where they have
 * one, and is understood with underscores and with hyphens. Defaults are for heads on features; `vlmDefaults` replaces
 * some where the reward model is a vision-language model.
 */
export function addTrainOptions(command: Command, without: ReadonlySet<string> = new Set()): Command {
  const option = (names: string, description: string, extra: (option: Option) => Option = (o) => o) => {
    const made = extra(names.includes(", ") ? new Option(`--${names}`, description) : flag(names, description));
    if (!without.has(made.attributeName())) command.addOption(made);
  };
  const number = (names: string, description: string, value: number | undefined, check: (text: string) => number) =>
    option(`${names} <number>`, description, (o) => (value === undefined ? o : withDefault(o, value)).argParser(check));
  const choice = (names: string, description: string, choices: readonly string[], value?: string) =>
    option(`${names} <name>`, description, (o) => (value === undefined ? o : o.default(value)).choices(choices));

  // data
  option("train_json_file <file>", "training rows of DreamPRM, or conversations of DreamPRM-1.5", (o) =>
    o.makeOptionMandatory(),
  );
  option("meta_json_file <file>", "meta set, in any format of solutions; needed where weights are learned");
  option("validation_json_file <file>", "solutions on which the best iteration and thresholds are chosen");
  option("test_json_file <file>", "solutions for evaluation: by step labels, and rows of candidates by best-of-N");
  option("candidates_json_file <file>", "candidate solutions for best-of-N");
  option("quality_json_file <file>", "quality of each domain, to compare the learned weights with");
  choice("without_steps", "a solution without recognisable steps is", ["one-step", "skip"], "one-step");
  choice("instance", "what has a weight of its own", ["step", "solution"], "step");
  choice("step_weighting", "a solution's loss over its steps", ["sum", "mean"], "sum");

  // model and losses
  choice("recipe", "published hyperparameters, which other options override", recipeNames);
  option(
    "reward_model <name>",
    "mlp or linear: a head on features; else a vision-language model's folder or name",
    (o) => o.default("mlp"),
  );
  option("hidden_states <folder>", "features of the head: what dreamprm encode stored (default: hashed texts)");
  number("mlp_dim", "hidden units of the mlp", 64, positiveInteger);
  number("buckets", "columns for hashed n-grams", 1024, positiveInteger);
  choice("step_loss", "loss of a step", ["squaredError", "crossEntropy"], "squaredError");
  choice("aggregation_function", "step scores to a solution's score", aggregations, "logOddsMean");
  choice("loss_target", "what the meta loss compares", lossTargets, "+");
  choice("meta_loss", "loss on the meta set", ["squaredError", "crossEntropy"], "squaredError");

  // weighting
  choice("weighting", "how rows are weighted (default: domain-table)", methodNames);
  option("methods <list>", `several weightings, of ${methodNames.join(", ")}`, (o) => o.argParser(list(methodNames)));
  option("baseline", "train the vanilla PRM, all weights 1");
  option("retrain", "train with the fixed weights in --weights_path");
  option("weights_path <folder>", "where φ (SafeTensors) and the weights (JSON) are written; with --retrain read from");
  choice("activation_function", "from a raw weight to a weight", activationNames);
  option("weight_range <min,max>", "bounds of Clip (default: -1,3) and projected (default: 0,2)", (o) =>
    o.argParser(range),
  );
  number("initialization", "raw instance weights at the start (default: 1)", undefined, anyNumber);
  number("hidden_dim", "hidden units of an instance net (default: 16, 10 as published)", undefined, positiveInteger);
  option("net_inputs <list>", `what instance-net sees, of ${instanceNetInputs.join(", ")}`, (o) =>
    o.argParser(list(instanceNetInputs)),
  );
  choice(
    "normalise",
    "divide instance weights by their mean over the batch, or a label's rows",
    normalisations,
    "none",
  );
  number("keep_share", "rows that a selection keeps", 0.5, share);
  number(
    "reference_iterations",
    "of small-loss' and doremi's reference model (default: a half)",
    undefined,
    positiveInteger,
  );

  // optimisation
  number("iteration_num", "lower iterations", 2000, positiveInteger);
  number("cold_start_iterations", "supervised iterations before weights are learned", 0, wholeNotNegative);
  number("max_epoch", "at most so many passes over the training rows", 120, positiveInteger);
  choice("batch_unit", "what a batch counts: steps, or solutions with all their steps", batchUnits, "step");
  number("batch_size", "steps or solutions per lower iteration", 64, positiveInteger);
  number("meta_batch_size", "solutions per upper update", 32, positiveInteger);
  option("balanced_meta", "as many solutions of every domain in a meta batch");
  choice("optimizer", "of φ", ["adamw", "sgd"], "adamw");
  choice("meta_optimizer", "of the weights", ["adamw", "sgd"], "adamw");
  number("lr", "learning rate of φ", 1e-3, positive);
  number("meta_lr", "learning rate of the weights", 0.01, positive);
  number("momentum", "of sgd for φ", 0, notNegative);
  number("meta_momentum", "of sgd for the weights", 0, notNegative);
  number("weight_decay", "decay of φ", 1e-3, notNegative);
  number("meta_weight_decay", "decay of the weights", 0, notNegative);
  choice("scheduler_type", "of both learning rates", ["step_lr", "cosine_schedule_with_warmup"], "step_lr");
  number("scheduler_step_size", "iterations between two reductions of φ's rate", 5000, positiveInteger);
  number("scheduler_gamma", "factor of a reduction", 0.5, positive);
  number(
    "meta_scheduler_step_size",
    "the same in upper updates (default: at the same iterations)",
    undefined,
    positiveInteger,
  );
  number("meta_scheduler_gamma", "factor for the weights' rate (default: that of φ's)", undefined, positive);
  number("unroll_steps", "lower updates per upper update", 5, positiveInteger);
  number("warmup_iterations", "lower iterations before the first upper update", 0, wholeNotNegative);
  option("gradiant_accumulation, --gradient-accumulation <number>", "lower iterations per lower update", (o) =>
    o.default(1).argParser(positiveInteger),
  );
  option("gradiant_clipping, --gradient-clipping <number>", "largest gradient norm of φ, 0: any", (o) =>
    o.default(0).argParser(notNegative),
  );
  number("meta_gradient_clipping", "largest gradient norm of the weights, 0: any", 0, notNegative);
  choice("hypergradient", "derivative through φ", hypergradientMethods, "darts");
  number("radius", "of the finite difference of darts (default: 0.01) and sama (default: 1)", undefined, positive);
  number("hypergradient_terms", "of neumann, iterations of conjugateGradient", 10, positiveInteger);
  number("hypergradient_step", "step size of neumann", 1, positive);
  number("damping", "of conjugateGradient and implicit", 0, notNegative);
  option("rollback", "after an upper update φ returns to the start of the inner loop and takes one step");
  number("average_last", "last part of the iterations over which weights are averaged", 0.33, share);
  number("validate_every", "iterations between two looks at the validation set", 100, positiveInteger);
  number("patience", "looks without gain after which training stops, 0: never", 0, wholeNotNegative);
  number("save_every_iterations", "write a checkpoint every so many iterations, 0: none", 0, wholeNotNegative);

  // run
  number("seed", "of initialisation and order", 1, integer);
  option("seeds <list>", "several seeds, such as 1,2,3, instead of --seed", (o) => o.argParser(integers));
  choice("device", "cuda insists on a GPU, cpu leaves it out (default: the best there is)", ["cuda", "cpu"]);
  option("precision <name>", "of the arithmetic: fp32", (o) => o.default("fp32").argParser(precision));
  choice("strategy", "one process on one device", ["default"], "default");
  number("local_rank", "0 in one process", 0, integer);
  option("store <folder>", "folder of runs (default: $DREAMPRM_STORE, or experiments/runs)");
  option("group <name>", "what the runs are filed under", (o) => o.default("train"));
  option("json", "print one JSON value");
  option("quiet", "no progress");
  return addVlmOptions(command);
}

/** A VLM's default is told beside a head's. */
function withDefault(option: Option, value: number): Option {
  const of = (tune: Tuning) => vlmDefaults(tune)[option.attributeName() as keyof ReturnType<typeof vlmDefaults>];
  const own = tunings.flatMap((tune) => of(tune) ?? []);
  if (own.length === 0) return option.default(value);
  const shown = new Set(own).size === 1 ? `${own[0]}` : tunings.map((tune) => `${of(tune)} ${tune}`).join(", ");
  return option.default(value, `${value}; vision-language models: ${shown}`);
}
