import type * as tf from "@tensorflow/tfjs-core";
import type { FeatureMatrix } from "../core/sparse.js";
import type { Params } from "../core/tree.js";

/** A process reward model: a pure function from parameters φ and inputs to one logit per step; σ(logit) is the score. */
export interface RewardModel<Input = FeatureMatrix> {
  /** φ at the start */
  readonly init: (seed: number) => Params;
  /** logit_B */
  readonly apply: (phi: Params, input: Input) => tf.Tensor1D;
  /** logit_B together with the representation that it is read from, hidden_BH, when there is one */
  readonly represent?: (
    phi: Params,
    input: Input,
  ) => { readonly logit_B: tf.Tensor1D; readonly hidden_BH: tf.Tensor2D };
  /** logit_B together with its vector-Jacobian product c ↦ Σ_n c_n ∇_φ logit_n, written out: no tape, few operations */
  readonly pullBack?: (phi: Params, input: Input) => PullBack;
  /** logit_B together with its directional derivative ⟨direction, ∇_φ logit_n⟩, by a forward pass */
  readonly tangent?: (phi: Params, direction: Params, input: Input) => Tangent;
}

export interface PullBack {
  readonly logit_B: tf.Tensor1D;
  readonly hidden_BH?: tf.Tensor2D;
  readonly gradient: (cotangent_B: tf.Tensor1D) => Params;
}

export interface Tangent {
  readonly logit_B: tf.Tensor1D;
  readonly tangent_B: tf.Tensor1D;
}
