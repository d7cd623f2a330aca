import type { HypergradientMethod } from "../bilevel/hypergradient/hypergradient.js";
import type { BatchUnit } from "../data/batch.js";
import type { Aggregation } from "../loss/aggregate.js";
import type { LossTarget } from "../loss/objective.js";
import type { StepLoss } from "../loss/step.js";
import type { Method } from "../study/methods.js";
import type { InstanceNetInput } from "../weighting/instanceNet.js";
import type { Normalisation } from "../weighting/normalisation.js";
import type { RecipeName } from "./recipes.js";
import type { VlmFlags } from "./vlmOptions.js";

/** Everything `dreamprm train` takes, after parsing. */
export interface TrainFlags extends VlmFlags {
  trainJsonFile: string;
  /** left out where no weights are learned */
  metaJsonFile?: string;
  validationJsonFile?: string;
  testJsonFile?: string;
  candidatesJsonFile?: string;
  qualityJsonFile?: string;
  weightsPath?: string;
  recipe?: RecipeName;
  /** a head, or a checkpoint's folder or name */
  rewardModel: string;
  hiddenStates?: string;
  mlpDim: number;
  buckets: number;
  weighting?: Method;
  methods?: Method[];
  baseline?: boolean;
  retrain?: boolean;
  stepLoss: StepLoss;
  aggregationFunction: Aggregation;
  lossTarget: LossTarget;
  metaLoss: StepLoss;
  instance: "step" | "solution";
  stepWeighting: "sum" | "mean";
  withoutSteps: "one-step" | "skip";
  activationFunction?: ActivationName;
  weightRange?: [number, number];
  initialization?: number;
  hiddenDim?: number;
  netInputs?: InstanceNetInput[];
  normalise: Normalisation;
  /** left out: `maxEpoch` alone counts */
  iterationNum?: number;
  coldStartIterations: number;
  referenceIterations?: number;
  keepShare: number;
  maxEpoch: number;
  batchUnit: BatchUnit;
  batchSize: number;
  metaBatchSize: number;
  balancedMeta?: boolean;
  optimizer: "adamw" | "sgd";
  metaOptimizer: "adamw" | "sgd";
  lr: number;
  metaLr: number;
  momentum: number;
  metaMomentum: number;
  weightDecay: number;
  metaWeightDecay: number;
  schedulerType: "step_lr" | "cosine_schedule_with_warmup";
  schedulerStepSize: number;
  schedulerGamma: number;
  metaSchedulerStepSize?: number;
  metaSchedulerGamma?: number;
  unrollSteps: number;
  warmupIterations: number;
  gradientAccumulation: number;
  gradientClipping: number;
  metaGradientClipping: number;
  hypergradient: HypergradientMethod;
  radius?: number;
  hypergradientTerms: number;
  hypergradientStep: number;
  damping: number;
  rollback?: boolean;
  averageLast: number;
  validateEvery: number;
  patience: number;
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

/** The published names, and two of ours. */
export const activationNames = ["No", "ReLU", "LeakyReLU", "Clip", "sigmoid", "softplus", "projected"] as const;
export type ActivationName = (typeof activationNames)[number];
