import * as tf from "@tensorflow/tfjs-core";
import { axpy, mapTree, normTree, type Params, tidyTree, valueAndGrads } from "../../core/tree.js";
import { type HypergradientPoint, pullBackWeights } from "./point.js";

/**
 * g = −[∇_α L_lower(φ + εv, α) − ∇_α L_lower(φ − εv, α)] / 2ε,  ε = radius / (‖v‖ + 1e-15):
 * the implicit hypergradient with the Hessian of the lower loss taken as the identity, by a central difference.
 *
 * DARTS (arXiv 1806.09055, eq. 8) as Betty and DreamPRM use it: no learning-rate factor.
 * Where the weights enter linearly only the losses at φ ± εv are needed, no backward pass through the model.
 *
 * @param radius  ‖εv‖, defaults to 0.01
 */
export function darts<L>(point: HypergradientPoint<L>, { radius = 0.01 }: { radius?: number } = {}): Params {
  const { problem, phi, alpha, batch, vector } = point;
  return tidyTree(() => {
    const epsilon = radius / (normTree(vector).dataSync()[0] + 1e-15);
    const plus = axpy(epsilon, vector, phi);
    const minus = axpy(-epsilon, vector, phi);
    if (problem.weighted) {
      const { losses } = problem.weighted;
      const difference_B = tf.sub(losses(minus, batch), losses(plus, batch));
      return pullBackWeights(problem.weighted, point, tf.div(difference_B, 2 * epsilon * difference_B.size));
    }
    const at = (shifted: Params) => valueAndGrads((a) => problem.lower(shifted, a, batch), alpha).grads;
    return mapTree((gMinus, gPlus) => tf.div(tf.sub(gMinus, gPlus), 2 * epsilon), at(minus), at(plus));
  });
}
