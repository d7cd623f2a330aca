import * as tf from "@tensorflow/tfjs-core";
import { secondOrderProducts } from "../../core/secondOrder.js";
import { mapTree, type Params, valueAndGrads } from "../../core/tree.js";
import type { InnerLoop } from "../innerLoop.js";
import { constant, type LowerObjective, type WeightedLower } from "../problem.js";

/** Where the derivative of the upper loss through φ*(α) is taken. */
export interface HypergradientPoint<L> {
  /** the lower objective, as φ sees it and as α sees it */
  readonly problem: LowerObjective<L>;
  readonly phi: Params;
  readonly alpha: Params;
  /** the last lower batch */
  readonly batch: L;
  /** v = ∇_φ L_upper(φ) */
  readonly vector: Params;
  /** how φ came here, for methods that differentiate the updates themselves */
  readonly inner?: InnerLoop<L> | undefined;
}

/** ∇_α Σ_n c_n w_n(α) */
export function pullBackWeights<L>(point: HypergradientPoint<L>, seen: Params | undefined, cotangent_B: tf.Tensor1D) {
  const { problem, alpha, batch } = point;
  const { weightsPullBack } = weightedOf(problem);
  if (weightsPullBack) return weightsPullBack(alpha, batch, cotangent_B);
  return valueAndGrads((a) => tf.sum(tf.mul(weightedOf(problem).weights(a, batch, constant(seen)), cotangent_B)), alpha)
    .grads;
}

/** (∂²L_lower/∂α∂φ)·u, exact: by products with the losses' gradients where weights enter linearly. */
export function mixedProduct<L>(point: HypergradientPoint<L>, u: Params): Params {
  const { problem, phi, alpha, batch } = point;
  const { weighted } = problem;
  if (weighted === undefined) return secondOrderProducts((p, a) => problem.lower(p, a, batch), phi, alpha, u).alpha;
  const { products_B, seen } = (weighted.directional ?? taped(weighted))(phi, u, batch);
  return pullBackWeights(point, seen, tf.div(products_B, products_B.size));
}

function taped<L>({ losses }: WeightedLower<L>): NonNullable<WeightedLower<L>["directional"]> {
  return (phi, direction, batch) => ({
    products_B: directionalDerivatives((p) => losses(p, batch).loss_B, phi, direction),
    seen: losses(phi, batch).seen,
  });
}

/** (∂²L_lower/∂φ²)·u */
export function hessianProduct<L>({ problem, phi, alpha, batch }: HypergradientPoint<L>, u: Params): Params {
  return secondOrderProducts((p) => problem.lower(p, alpha, batch), phi, {}, u).phi;
}

/**
 * ⟨v, ∇_φ ℓ_n(φ)⟩ for every n, [B]: one backward pass of a backward pass, differentiated in the factors u_n of
 * Σ u_n ℓ_n; that path is linear in u and never crosses a saved output.
 */
function directionalDerivatives(losses: (phi: Params) => tf.Tensor1D, phi: Params, vector: Params): tf.Tensor1D {
  const along = (u_B: tf.Tensor) => {
    const { grads } = valueAndGrads((p) => tf.sum(tf.mul(losses(p), u_B)), phi);
    return tf.addN(Object.keys(vector).map((name) => tf.sum(tf.mul(grads[name], vector[name]))));
  };
  return tf.grad(along)(tf.onesLike(losses(phi))) as tf.Tensor1D;
}

export function negative(tree: Params): Params {
  return mapTree((x) => tf.neg(x), tree);
}

function weightedOf<L>(problem: LowerObjective<L>) {
  if (problem.weighted === undefined) throw new Error("the weights do not enter the lower objective linearly");
  return problem.weighted;
}
