import type { LevelOptions } from "../bilevel/level.js";
import type { UpperOptions } from "../bilevel/engine.js";
import type { BatchUnit } from "../data/batch.js";
import type { Pool, SolutionSet, TrainSet } from "../data/types.js";
import type { Aggregation } from "../loss/aggregate.js";
import type { LossTarget } from "../loss/objective.js";
import type { StepLoss } from "../loss/step.js";
import type { RewardModel } from "../model/rewardModel.js";
import type { Encoder } from "../text/features.js";
import type { WeightActivation } from "../weighting/activation.js";
import type { InstanceNetInput } from "../weighting/instanceNet.js";
import type { Normalisation } from "../weighting/normalisation.js";

export interface StudyData {
  readonly train: TrainSet;
  /** left out where no weights are learned */
  readonly meta?: SolutionSet | undefined;
  /** solutions of other questions on which the best state is chosen and training may stop */
  readonly validation?: SolutionSet;
  /** solutions with step labels, of other questions again */
  readonly test?: SolutionSet;
  readonly pools?: readonly Pool[];
}

/** Everything that one training depends on besides method, seed and data. */
export interface StudyConfig {
  readonly prm: RewardModel;
  readonly encoder: Encoder;
  readonly stepLoss: StepLoss;
  /** of the upper level, and of solutions' scores */
  readonly aggregation: Aggregation;
  readonly lossTarget: LossTarget;
  readonly metaLoss: StepLoss;
  /** a weight per step, or per solution */
  readonly instance: "step" | "solution";
  readonly stepWeighting: "sum" | "mean";
  /** what `batchSize` counts; defaults to "step" */
  readonly unit?: BatchUnit;
  readonly batchSize: number;
  readonly metaBatchSize: number;
  /** meta batches with as many solutions of every domain, with replacement */
  readonly balancedMeta: boolean;
  readonly lower: LevelOptions;
  readonly upper: UpperOptions;
  readonly iterations: number;
  readonly gradientAccumulation: number;
  /** supervised iterations before weights are learned, with a schedule of their own; 0: none */
  readonly coldStartIterations: number;
  /** of the reference model of small-loss selection and DoReMi */
  readonly referenceIterations: number;
  /** of rows that selections keep */
  readonly keepShare: number;
  readonly activation?: WeightActivation;
  /** of the instance table */
  readonly initialization?: number;
  readonly normalise: Normalisation;
  readonly net: {
    readonly hiddenDim?: number;
    readonly inputs?: readonly InstanceNetInput[];
    readonly hiddenSize?: number;
  };
  /** of "fixed-weights" */
  readonly weights?:
    | { readonly kind: "domain"; readonly values: Readonly<Record<string, number>> }
    | { readonly kind: "row"; readonly values: Float32Array };
  /** the last part of the training over which weights are averaged */
  readonly averageLast: number;
  /** iterations between two looks at the validation set; 0: never */
  readonly validateEvery: number;
  /** looks without improvement after which training stops; 0: never */
  readonly patience: number;
  /** iterations between two checkpoints; 0: none */
  readonly checkpointEvery: number;
}
