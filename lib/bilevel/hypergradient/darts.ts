import * as tf from "@tensorflow/tfjs-core";
import { globalNorm } from "../../core/norm.js";
import { axpy, mapTree, type Params, tidyTree, valueAndGrads } from "../../core/tree.js";
import { type HypergradientPoint, pullBackWeights } from "./point.js";

export interface DartsOptions {
  /** ‖εv‖, defaults to 0.01 */
  readonly radius?: number | undefined;
}

/**
 * g = −[∇_α L_lower(φ + εv, α) − ∇_α L_lower(φ − εv, α)] / 2ε,  ε = radius / (‖v‖ + 1e-15):
 * the implicit hypergradient with the Hessian of the lower loss taken as the identity, by a central difference.
 *
 * DARTS (arXiv 1806.09055, eq. 8) as Betty and DreamPRM use it: no learning-rate factor.
 * Where the weights enter linearly only the losses at φ ± εv are needed, no backward pass through the model.
 */
export function darts<L>(point: HypergradientPoint<L>, { radius = 0.01 }: DartsOptions = {}): Params {
  return tidyTree(() => centralDifference(point, point.vector, radius));
}

/** −∂²L_lower/∂α∂φ · v by a central difference of size `radius`. */
export function centralDifference<L>(point: HypergradientPoint<L>, vector: Params, radius: number): Params {
  const { problem, phi, alpha, batch } = point;
  const { weighted } = problem;
  const epsilon = radius / (globalNorm(vector) + 1e-15);
  const [plus, minus] = [axpy(epsilon, vector, phi), axpy(-epsilon, vector, phi)];
  if (weighted) {
    const { loss_B, seen } = weighted.losses(minus, batch);
    const difference_B = tf.sub(loss_B, weighted.losses(plus, batch).loss_B);
    const cotangent_B = tf.div<tf.Tensor1D>(difference_B, 2 * epsilon * difference_B.size);
    return pullBackWeights(point, seen && weighted.losses(phi, batch).seen, cotangent_B);
  }
  const at = (shifted: Params) => valueAndGrads((a) => problem.lower(shifted, a, batch), alpha).grads;
  return mapTree((gMinus, gPlus) => tf.div(tf.sub(gMinus, gPlus), 2 * epsilon), at(minus), at(plus));
}
