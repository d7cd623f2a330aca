import { type Command, InvalidArgumentError, Option } from "commander";
import { type Aggregation, aggregations } from "../loss/aggregate.js";
import type { StepLoss } from "../loss/step.js";
import { type Method, methods } from "./study.js";

/** Everything `dreamprm train` takes, after parsing. */
export interface TrainFlags {
  trainJsonFile: string;
  metaJsonFile: string;
  testJsonFile?: string;
  candidatesJsonFile?: string;
  qualityJsonFile?: string;
  weightsPath?: string;
  rewardModel: "mlp" | "linear";
  hiddenDim: number;
  buckets: number;
  methods?: Method[];
  baseline?: boolean;
  retrain?: boolean;
  stepLoss: StepLoss;
  aggregationFunction: Aggregation;
  withoutSteps: "one-step" | "skip";
  iterationNum: number;
  maxEpoch: number;
  batchSize: number;
  metaBatchSize: number;
  lr: number;
  metaLr: number;
  weightDecay: number;
  metaWeightDecay: number;
  schedulerStepSize: number;
  schedulerGamma: number;
  unrollSteps: number;
  warmupIterations: number;
  gradientAccumulation: number;
  gradientClipping: number;
  metaGradientClipping: number;
  hypergradient: "darts" | "dot";
  radius: number;
  rollback?: boolean;
  saveEveryIterations: number;
  seed: number;
  seeds?: number[];
  device?: "cuda" | "cpu";
  precision: "fp32";
  strategy: "default";
  localRank: number;
  store?: string;
  group: string;
  json?: boolean;
  quiet?: boolean;
}

/**
 * Adds the options to a command. Every name is DreamPRM's where it has one, and is understood with underscores and
 * with hyphens. Defaults are for heads on hashed features where the published ones are for a 2B model (`--lr` 5e-7).
 */
export function addTrainOptions(command: Command): Command {
  const option = (names: string, description: string, extra: (option: Option) => Option = (o) => o) =>
    command.addOption(extra(new Option(bothSpellings(names), description)));
  const number = (names: string, description: string, value: number, check: (text: string) => number) =>
    option(`${names} <number>`, description, (o) => o.default(value).argParser(check));
  const choice = (names: string, description: string, choices: readonly string[], value?: string) =>
    option(`${names} <name>`, description, (o) => (value === undefined ? o : o.default(value)).choices(choices));

  option("train_json_file <file>", "training rows in DreamPRM's format", (o) => o.makeOptionMandatory());
  option("meta_json_file <file>", "meta set: DreamPRM, DreamPRM-1.5 or evaluation format", (o) =>
    o.makeOptionMandatory(),
  );
  option("test_json_file <file>", "solutions with step labels for evaluation");
  option("candidates_json_file <file>", "candidate solutions for best-of-N");
  option("quality_json_file <file>", "quality of each domain, to compare the learned weights with");
  option("weights_path <folder>", "where φ (SafeTensors) and the weights (JSON) are written; with --retrain read from");
  choice("reward_model", "head on the hashed features", ["mlp", "linear"], "mlp");
  number("hidden_dim", "hidden units of the mlp", 64, positiveInteger);
  number("buckets", "columns for hashed n-grams", 1024, positiveInteger);
  option("methods <list>", `of ${methods.join(", ")} (default: domain-table)`, (o) => o.argParser(list(methods)));
  option("baseline", "train the vanilla PRM, all weights 1");
  option("retrain", "train with the fixed domain weights in --weights_path");
  choice("step_loss", "loss of a step", ["squaredError", "crossEntropy"], "squaredError");
  choice("aggregation_function", "step scores to a solution's score", aggregations, "logOddsMean");
  choice("without_steps", "a solution without recognisable steps is", ["one-step", "skip"], "one-step");
  number("iteration_num", "lower iterations", 2000, positiveInteger);
  number("max_epoch", "at most so many passes over the training rows", 120, positiveInteger);
  number("batch_size", "steps per lower iteration", 64, positiveInteger);
  number("meta_batch_size", "solutions per upper update", 32, positiveInteger);
  number("lr", "learning rate of φ", 1e-3, positive);
  number("meta_lr", "learning rate of the weights", 0.01, positive);
  number("weight_decay", "AdamW's decay of φ", 1e-3, notNegative);
  number("meta_weight_decay", "AdamW's decay of the weights", 0, notNegative);
  number("scheduler_step_size", "iterations between two reductions of both rates", 5000, positiveInteger);
  number("scheduler_gamma", "factor of a reduction", 0.5, positive);
  number("unroll_steps", "lower updates per upper update", 5, positiveInteger);
  number("warmup_iterations", "lower iterations before the first upper update", 0, notNegative);
  option("gradiant_accumulation, --gradient-accumulation <number>", "lower iterations per lower update", (o) =>
    o.default(1).argParser(positiveInteger),
  );
  option("gradiant_clipping, --gradient-clipping <number>", "largest gradient norm of φ, 0: any", (o) =>
    o.default(0).argParser(notNegative),
  );
  number("meta_gradient_clipping", "largest gradient norm of the weights, 0: any", 0, notNegative);
  choice("hypergradient", "derivative through φ", ["darts", "dot"], "darts");
  number("radius", "of darts' finite difference", 0.01, positive);
  option("rollback", "after an upper update φ returns to the start of the inner loop and takes one step");
  number("save_every_iterations", "keep φ in the run every so many iterations, 0: at the end only", 0, notNegative);
  number("seed", "of initialisation and order", 1, integer);
  option("seeds <list>", "several seeds, such as 1,2,3, instead of --seed", (o) => o.argParser(integers));
  choice("device", "what must compute (default: the best that loads)", ["cuda", "cpu"]);
  choice("precision", "heads compute in float32", ["fp32"], "fp32");
  choice("strategy", "one process", ["default"], "default");
  option("local_rank <number>", "one process", (o) => o.default("0").choices(["0"]));
  option("store <folder>", "run store (default: experiments/runs)");
  option("group <name>", "group of the runs in the store", (o) => o.default("train"));
  option("json", "print one JSON value");
  option("quiet", "no progress");
  return command;
}

/** Options of the upper level: given for a method without one, they would go unused. */
const upperOnly = [
  ..."metaBatchSize metaLr metaWeightDecay unrollSteps warmupIterations metaGradientClipping".split(" "),
  ..."hypergradient radius rollback".split(" "),
];

/** What to train, from `--methods`, `--baseline` and `--retrain`. @throws Error naming options that would go unused */
export function chosenMethods(flags: TrainFlags, given: (option: string) => boolean): Method[] {
  const chosen = flags.methods ?? [flags.baseline ? "vanilla" : flags.retrain ? "fixed-weights" : "domain-table"];
  const clash = [flags.methods && "--methods", flags.baseline && "--baseline", flags.retrain && "--retrain"].filter(
    Boolean,
  );
  if (clash.length > 1) throw new Error(`${clash.join(" and ")} choose the method twice; give one`);
  const unused = [
    ...(chosen.includes("domain-table") ? [] : upperOnly),
    ...(flags.hypergradient === "darts" ? [] : ["radius"]),
    ...(flags.rewardModel === "mlp" ? [] : ["hiddenDim"]),
    ...(flags.seeds ? ["seed"] : []),
  ].filter(given);
  if (unused.length > 0) {
    throw new Error(`--${snake(unused[0])} has no effect on ${chosen.join(", ")} with these options; leave it out`);
  }
  if (chosen.includes("fixed-weights") && flags.weightsPath === undefined) {
    throw new Error("fixed weights are read from --weights_path, which is missing");
  }
  return chosen;
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** "batch_size <n>" ↦ "--batch_size, --batch-size <n>" */
function bothSpellings(names: string): string {
  const [, first, rest] = /^(\S+?)(,.*|\s.*)?$/.exec(names) as unknown as [string, string, string | undefined];
  if (rest?.startsWith(",")) return `--${first}${rest}`;
  return `--${first}${first.includes("_") ? `, --${first.replaceAll("_", "-")}` : ""}${rest ?? ""}`;
}

function checked(what: string, ok: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (!Number.isFinite(value) || !ok(value)) throw new InvalidArgumentError(`It must be ${what}.`);
    return value;
  };
}
const positive = checked("a number above 0", (v) => v > 0);
const notNegative = checked("a number of at least 0", (v) => v >= 0);
export const integer = checked("a whole number", Number.isInteger);
const positiveInteger = checked("a whole number of at least 1", (v) => Number.isInteger(v) && v >= 1);
const integers = (text: string) => text.split(",").map(integer);

function list<T extends string>(allowed: readonly T[]): (text: string) => T[] {
  return (text) =>
    text.split(",").map((item) => {
      const found = allowed.find((name) => name === item.trim());
      if (found === undefined) throw new InvalidArgumentError(`"${item}" is not one of ${allowed.join(", ")}.`);
      return found;
    });
}
