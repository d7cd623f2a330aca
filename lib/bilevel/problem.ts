import * as tf from "@tensorflow/tfjs-core";
import { sameShape } from "../core/check.js";
import type { Params } from "../core/tree.js";

/**
 * Two scalar objectives over trees of tensors:
 *
 *     lower:  φ*(α) = argmin_φ lower(φ, α)        upper:  min_α upper(φ*(α), α)
 *
 * The engine knows nothing else of what it trains. Objectives are pure and dispose nothing.
 */
export interface BilevelProblem<L, U> {
  /** φ and α at the start; the caller owns them. α without tensors: only the lower level is trained */
  readonly init: (seed: number) => { phi: Params; alpha: Params };
  readonly lower: (phi: Params, alpha: Params, batch: L) => tf.Scalar;
  readonly upper: (phi: Params, alpha: Params, batch: U) => tf.Scalar;
  /** present when lower(φ, α) = (1/B) Σ_n w_n(α) ℓ_n(φ): hypergradients then need fewer passes */
  readonly weighted?: WeightedLower<L>;
  /** named weight vector for records */
  readonly weights?: { readonly names: readonly string[]; vector: (alpha: Params) => tf.Tensor1D };
  /** brings α back into its range after an upper update; returns new tensors */
  readonly project?: (alpha: Params) => Params;
}

/** The two factors of a lower objective into which the weights enter linearly. */
export interface WeightedLower<L> {
  /** ℓ_B(φ) */
  readonly losses: (phi: Params, batch: L) => tf.Tensor1D;
  /** w_B(α) */
  readonly weights: (alpha: Params, batch: L) => tf.Tensor1D;
}

/**
 * Weighted lower objective: (1/B) Σ_n w_n ℓ_n.
 *
 * @param loss_B    ℓ, [B]
 * @param weight_B  w, [B]
 */
export function weightedMean(loss_B: tf.Tensor1D, weight_B: tf.Tensor1D): tf.Scalar {
  sameShape("weighted mean: losses and weights", loss_B, weight_B);
  return tf.mean(tf.mul(loss_B, weight_B));
}

/** A problem whose lower objective is (1/B) Σ_n w_n(α) ℓ_n(φ). */
export function weightedProblem<L, U>(
  parts: Omit<BilevelProblem<L, U>, "lower"> & { readonly weighted: WeightedLower<L> },
): BilevelProblem<L, U> {
  const { losses, weights } = parts.weighted;
  return {
    ...parts,
    lower: (phi, alpha, batch) => tf.tidy(() => weightedMean(losses(phi, batch), weights(alpha, batch))),
  };
}

/**
 * Batches by index, so that a resumed run sees the same data without stored random states.
 * The engine disposes the tensors in a batch when it is done with it.
 */
export interface BatchSource<L, U> {
  /** batch of the k-th lower micro-step, k = 0, 1, … */
  lower(k: number): L;
  /** meta batch of the k-th upper update, k = 0, 1, … */
  upper(k: number): U;
}
