import type { HypergradientMethod } from "../bilevel/hypergradient/hypergradient.js";
import { learned, type Method } from "../study/methods.js";
import type { TrainFlags } from "./trainFlags.js";
import { snake } from "./vlmOptions.js";

/** options of the upper level, without effect when no weights are learned */
export const upperOnly = [
  ..."metaBatchSize balancedMeta metaOptimizer metaLr metaMomentum metaWeightDecay metaSchedulerStepSize metaSchedulerGamma".split(
    " ",
  ),
  ..."unrollSteps warmupIterations metaGradientClipping hypergradient rollback averageLast lossTarget metaLoss".split(
    " ",
  ),
];

const secondOrder: readonly HypergradientMethod[] = ["neumann", "conjugateGradient", "unrolled", "implicit"];

/** What to train, from `--weighting`, `--methods`, `--baseline` and `--retrain`. @throws Error naming options that would go unused */
export function chosenMethods(flags: TrainFlags, given: (option: string) => boolean): Method[] {
  const single = flags.baseline ? "vanilla" : flags.retrain ? "fixed-weights" : (flags.weighting ?? "domain-table");
  const chosen = flags.methods ?? [single];
  const choosers = (["methods", "weighting", "baseline", "retrain"] as const).filter((name) => flags[name]);
  if (choosers.length > 1) throw new Error(`--${choosers.join(" and --")} choose the method twice; give one`);
  const uses = (...names: Method[]) => names.some((name) => chosen.includes(name));
  const tables = uses("instance-table", "domain-instance");
  const nets = uses("instance-net", "instance-net-published");
  const { hypergradient: way } = flags;
  const learner = chosen.find((method) => learned.has(method));
  const unused = [
    ...(learner ? [] : [...upperOnly, "coldStartIterations"]),
    ...(tables || nets ? [] : ["activationFunction", "normalise"]),
    ...(tables ? [] : ["initialization"]),
    ...(nets ? [] : ["hiddenDim"]),
    ...(uses("instance-net") ? [] : ["netInputs"]),
    ...(["Clip", "projected"].includes(flags.activationFunction ?? "") || (tables && !flags.activationFunction)
      ? []
      : ["weightRange"]),
    ...(uses("small-loss", "random-rows") ? [] : ["keepShare"]),
    ...(uses("small-loss", "doremi") ? [] : ["referenceIterations"]),
    ...(way === "darts" || way === "sama" ? [] : ["radius"]),
    ...(way === "neumann" || way === "conjugateGradient" ? [] : ["hypergradientTerms"]),
    ...(way === "neumann" ? [] : ["hypergradientStep"]),
    ...(way === "conjugateGradient" || way === "implicit" ? [] : ["damping"]),
    ...(flags.rewardModel === "mlp" ? [] : ["mlpDim"]),
    ...(flags.optimizer === "sgd" ? [] : ["momentum"]),
    ...(flags.metaOptimizer === "sgd" ? [] : ["metaMomentum"]),
    ...(flags.schedulerType === "step_lr"
      ? []
      : ["schedulerStepSize", "schedulerGamma", "metaSchedulerStepSize", "metaSchedulerGamma"]),
    ...(flags.validationJsonFile === undefined ? ["validateEvery", "patience"] : []),
    ...(flags.seeds ? ["seed"] : []),
  ].filter(given);
  if (unused.length > 0) {
    throw new Error(`--${snake(unused[0])} has no effect on ${chosen.join(", ")} with these options; leave it out`);
  }
  if (learner !== undefined && flags.metaJsonFile === undefined) {
    throw new Error(`${learner} learns weights on a meta set: give --meta_json_file, or --baseline for none`);
  }
  if (learner !== undefined && flags.gradientCheckpointing && secondOrder.includes(way)) {
    throw new Error(
      `--hypergradient ${way} needs second derivatives, which do not pass --gradient_checkpointing: take darts, dot or sama, or leave it out`,
    );
  }
  if (chosen.includes("fixed-weights") && flags.weightsPath === undefined) {
    throw new Error("fixed weights are read from --weights_path, which is missing");
  }
  return chosen;
}
