import * as tf from "@tensorflow/tfjs-core";
import { sameShape } from "../core/check.js";
import { mapTree, type Params } from "../core/tree.js";
import { detached } from "../core/twice.js";

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
  /** L_upper and ∇_φ L_upper written out, where α has no direct part in it; automatic differentiation without */
  readonly upperGradient?: ((phi: Params, batch: U) => { value: tf.Scalar; grads: Params }) | undefined;
  /** present when lower(φ, α) = (1/B) Σ_n w_n(α) ℓ_n(φ): hypergradients then need fewer passes */
  readonly weighted?: WeightedLower<L>;
  /** named weight vector for records */
  readonly weights?: { readonly names: readonly string[]; vector: (alpha: Params) => tf.Tensor1D };
  /** the tensor of α that is updated row by row, when there is one */
  readonly lazy?: LazyRows<L>;
  /** brings α back into its range after an upper update; returns new tensors */
  readonly project?: (alpha: Params) => Params;
}

/** The lower objective alone, as hypergradients take it. */
export type LowerObjective<L> = Pick<BilevelProblem<L, never>, "lower" | "weighted">;

/** The two factors of a lower objective into which the weights enter linearly. */
export interface WeightedLower<L> {
  /** ℓ_B(φ), and what the weights may look at of the model's answer */
  readonly losses: (phi: Params, batch: L) => Losses;
  /** w_B(α); `seen` is a constant here: φ cannot lower its loss by lowering its weight */
  readonly weights: (alpha: Params, batch: L, seen: Params) => tf.Tensor1D;
  /** ∇_α Σ_n c_n w_n(α) written out, of weights that look at nothing; automatic differentiation without */
  readonly weightsPullBack?: ((alpha: Params, batch: L, cotangent_B: tf.Tensor1D) => Params) | undefined;
  /** the losses with c ↦ Σ_n c_n ∇_φ ℓ_n, where that is written out; automatic differentiation without */
  readonly pullBack?: ((phi: Params, batch: L) => PulledLosses) | undefined;
  /** ⟨direction, ∇_φ ℓ_n⟩ for every n, [B], where a forward pass can tell; `dot` goes backward twice without */
  readonly directional?: ((phi: Params, direction: Params, batch: L) => Directional) | undefined;
}

export interface Directional {
  /** ⟨direction, ∇_φ ℓ_n⟩, [B] */
  readonly products_B: tf.Tensor1D;
  /** what the weights may look at, as with `losses` */
  readonly seen?: Params | undefined;
}

export interface PulledLosses extends Losses {
  readonly gradient: (cotangent_B: tf.Tensor1D) => Params;
}

export interface Losses {
  readonly loss_B: tf.Tensor1D;
  readonly seen?: Params;
}

/**
 * One tensor of α that holds an entry per training row and is too long to touch whole. `lower` and `weighted` see the
 * entries of the batch's rows, [B], in its place; only these are updated, each by an optimiser state of its own.
 */
export interface LazyRows<L> {
  /** the tensor's name in α */
  readonly name: string;
  /** indices of the batch's rows, [B] */
  readonly rows: (batch: L) => ArrayLike<number>;
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
  const { weighted } = parts;
  return {
    ...parts,
    lower: (phi, alpha, batch) =>
      tf.tidy(() => {
        const { loss_B, seen } = weighted.losses(phi, batch);
        return weightedMean(loss_B, weighted.weights(alpha, batch, constant(seen)));
      }),
  };
}

/** What the weights look at, cut off from φ. */
export function constant(seen: Params = {}): Params {
  return mapTree((x) => detached(() => tf.clone(x)), seen);
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
