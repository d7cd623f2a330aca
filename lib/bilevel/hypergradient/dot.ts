import * as tf from "@tensorflow/tfjs-core";
import { dotTree, type Params, tidyTree, valueAndGrads } from "../../core/tree.js";
import { type HypergradientPoint, pullBackWeights } from "./point.js";

/**
 * g = −(1/B) Σ_n ⟨∇_φ L_upper, ∇_φ ℓ_n⟩ ∇_α w_n: the exact limit of `darts` for weights that enter linearly.
 *
 * The products ⟨v, ∇ℓ_n⟩ of all rows come from one backward pass of a backward pass, differentiated with respect to
 * the factors u_n of Σ u_n ℓ_n; that path is linear in u and never crosses a saved output.
 *
 * @throws Error when the weights do not enter the lower objective linearly
 */
export function dot<L>(point: HypergradientPoint<L>): Params {
  const { problem, phi, batch, vector } = point;
  const { weighted } = problem;
  if (weighted === undefined) {
    throw new Error('hypergradient "dot" needs a problem with `weighted` (weights that enter linearly); use "darts"');
  }
  return tidyTree(() => {
    const products_B = directionalDerivatives((p) => weighted.losses(p, batch), phi, vector);
    return pullBackWeights(weighted, point, tf.div(products_B, -products_B.size));
  });
}

/** ⟨v, ∇_φ ℓ_n(φ)⟩ for every n, [B] */
function directionalDerivatives(losses: (phi: Params) => tf.Tensor1D, phi: Params, vector: Params): tf.Tensor1D {
  const along = (u_B: tf.Tensor) => dotTree(valueAndGrads((p) => tf.sum(tf.mul(losses(p), u_B)), phi).grads, vector);
  return tf.grad(along)(tf.onesLike(losses(phi))) as tf.Tensor1D;
}
