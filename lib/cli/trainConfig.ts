import type { HypergradientOptions } from "../bilevel/hypergradient/hypergradient.js";
import { solutionsOf } from "../data/encode.js";
import { mlpHead, linearHead } from "../model/head.js";
import type { OptimizerOptions } from "../optim/optimizer.js";
import type { Schedule } from "../optim/schedule.js";
import type { StudyConfig, StudyData } from "../study/config.js";
import { hashedFeatures } from "../text/features.js";
import { hiddenFeatures } from "../vlm/hiddenStates.js";
import type { WeightActivation } from "../weighting/activation.js";
import type { TrainFlags } from "./trainFlags.js";
import type { VlmStudy } from "./vlmStudy.js";
import { readWeights } from "./weightFiles.js";

/** share of the iterations over which a cosine schedule warms up, as published */
const WARMUP_SHARE = 0.05;

/** The configuration of a study, from the command line's options; a vision-language model comes with its own encoder. */
export async function studyConfig(flags: TrainFlags, { train }: StudyData, vlm?: VlmStudy): Promise<StudyConfig> {
  const { hiddenStates, buckets } = flags;
  const encoder =
    vlm?.encoder ?? (hiddenStates === undefined ? hashedFeatures({ buckets }) : await hiddenFeatures(hiddenStates));
  const units = flags.batchUnit === "solution" ? solutionsOf(train.samples).names.length : train.samples.length;
  const perEpoch = Math.max(1, Math.floor(units / flags.batchSize));
  const most = Math.max(1, Math.round(flags.maxEpoch * perEpoch));
  const iterations = Math.min(flags.iterationNum ?? most, most);
  const { lower, upper } = schedules(flags, iterations);
  const activation = weightActivation(flags);
  return {
    prm: vlm?.prm ?? headOf(flags, encoder.size),
    encoder,
    stepLoss: flags.stepLoss,
    aggregation: flags.aggregationFunction,
    lossTarget: flags.lossTarget,
    metaLoss: flags.metaLoss,
    instance: flags.instance,
    stepWeighting: flags.stepWeighting,
    unit: flags.batchUnit,
    batchSize: flags.batchSize,
    metaBatchSize: flags.metaBatchSize,
    balancedMeta: flags.balancedMeta === true,
    lower: {
      optimizer: optimizer(flags.optimizer, flags.momentum, flags.weightDecay),
      learningRate: flags.lr,
      schedule: lower,
      clip: flags.gradientClipping,
    },
    upper: {
      optimizer: optimizer(flags.metaOptimizer, flags.metaMomentum, flags.metaWeightDecay),
      learningRate: flags.metaLr,
      schedule: upper,
      clip: flags.metaGradientClipping,
      unrollSteps: flags.unrollSteps,
      warmupIterations: flags.warmupIterations,
      rollBack: flags.rollback === true,
      hypergradient: hypergradient(flags),
    },
    iterations,
    gradientAccumulation: flags.gradientAccumulation,
    coldStartIterations: flags.coldStartIterations,
    referenceIterations: flags.referenceIterations ?? Math.max(1, Math.floor(iterations / 2)),
    keepShare: flags.keepShare,
    ...(activation && { activation }),
    ...(flags.initialization !== undefined && { initialization: flags.initialization }),
    normalise: flags.normalise,
    net: {
      ...(flags.hiddenDim !== undefined && { hiddenDim: flags.hiddenDim }),
      ...(flags.netInputs && { inputs: flags.netInputs }),
      ...(flags.rewardModel === "mlp" && { hiddenSize: flags.mlpDim }),
    },
    averageLast: flags.averageLast,
    validateEvery: flags.validateEvery,
    patience: flags.patience,
    checkpointEvery: flags.saveEveryIterations,
    ...(flags.retrain === true && { weights: await readWeights(flags.weightsPath ?? "") }),
  };
}

/** The head that `--reward_model` names. */
export function headOf({ rewardModel, mlpDim }: Pick<TrainFlags, "rewardModel" | "mlpDim">, features: number) {
  return rewardModel === "mlp" ? mlpHead({ features, hidden: mlpDim }) : linearHead({ features });
}

function optimizer(kind: "adamw" | "sgd", momentum: number, weightDecay: number): OptimizerOptions {
  return kind === "sgd" ? { kind, momentum, weightDecay } : { kind, weightDecay };
}

/** The upper schedule counts upper updates; by default both rates fall at the same iterations. */
function schedules(flags: TrainFlags, iterations: number): Record<"lower" | "upper", Schedule> {
  const perUpdate = flags.unrollSteps * flags.gradientAccumulation;
  if (flags.schedulerType === "step_lr") {
    const { schedulerStepSize: stepSize, schedulerGamma: gamma } = flags;
    const upperStep = flags.metaSchedulerStepSize ?? Math.ceil(stepSize / perUpdate);
    return {
      lower: { kind: "stepLR", stepSize, gamma },
      upper: { kind: "stepLR", stepSize: upperStep, gamma: flags.metaSchedulerGamma ?? gamma },
    };
  }
  const cosine = (totalSteps: number): Schedule => ({
    kind: "cosineWithWarmup",
    warmupSteps: Math.floor(totalSteps * WARMUP_SHARE),
    totalSteps,
  });
  const upperUpdates = Math.ceil((iterations - flags.warmupIterations) / perUpdate);
  return { lower: cosine(iterations), upper: cosine(Math.max(1, upperUpdates)) };
}

function hypergradient(flags: TrainFlags): HypergradientOptions {
  const { hypergradient: method, radius, damping } = flags;
  switch (method) {
    case "darts":
    case "sama":
      return { method, radius };
    case "neumann":
      return { method, terms: flags.hypergradientTerms, stepSize: flags.hypergradientStep };
    case "conjugateGradient":
      return { method, iterations: flags.hypergradientTerms, damping };
    case "implicit":
      return { method, damping };
    case "dot":
    case "unrolled":
      return { method };
  }
}

function weightActivation({ activationFunction: name, weightRange }: TrainFlags): WeightActivation | undefined {
  const bounds = (min: number, max: number) => ({ min: weightRange?.[0] ?? min, max: weightRange?.[1] ?? max });
  switch (name) {
    case "No":
      return { activation: "none" };
    case "ReLU":
      return { activation: "relu" };
    case "LeakyReLU":
      return { activation: "leakyRelu" };
    case "sigmoid":
    case "softplus":
      return { activation: name };
    case "Clip":
      return { activation: "clip", ...bounds(-1, 3) };
    case "projected":
      return { activation: "projected", ...bounds(0, 2) };
    default:
      return weightRange && { activation: "projected", ...bounds(0, 2) };
  }
}
