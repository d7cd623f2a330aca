import type * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";

/** A process reward model: a pure function from parameters φ and inputs to one logit per step; σ(logit) is the score. */
export interface RewardModel<Input = tf.Tensor2D> {
  /** φ at the start */
  readonly init: (seed: number) => Params;
  /** logit_B */
  readonly apply: (phi: Params, input: Input) => tf.Tensor1D;
}
