import * as tf from "@tensorflow/tfjs-core";
import { type Params, valueAndGrads } from "../../core/tree.js";
import type { BilevelProblem, WeightedLower } from "../problem.js";

/** Where the derivative of the upper loss through φ*(α) is taken. */
export interface HypergradientPoint<L> {
  /** the lower objective, as φ sees it and as α sees it */
  readonly problem: Pick<BilevelProblem<L, never>, "lower" | "weighted">;
  readonly phi: Params;
  readonly alpha: Params;
  /** the last lower batch */
  readonly batch: L;
  /** v = ∇_φ L_upper(φ) */
  readonly vector: Params;
}

/** ∇_α Σ_n c_n w_n(α) */
export function pullBackWeights<L>(
  { weights }: WeightedLower<L>,
  { alpha, batch }: Pick<HypergradientPoint<L>, "alpha" | "batch">,
  cotangent_B: tf.Tensor1D,
): Params {
  return valueAndGrads((a) => tf.sum(tf.mul(weights(a, batch), cotangent_B)), alpha).grads;
}
