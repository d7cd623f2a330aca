import { type Params, tidyTree } from "../../core/tree.js";
import { type HypergradientPoint, mixedProduct, negative } from "./point.js";

/**
 * g = −(1/B) Σ_n ⟨∇_φ L_upper, ∇_φ ℓ_n⟩ ∇_α w_n: the exact limit of `darts` for weights that enter linearly.
 *
 * Forward passes only where the problem offers directional derivatives of its losses.
 *
 * @throws Error when the weights do not enter the lower objective linearly
 */
export function dot<L>(point: HypergradientPoint<L>): Params {
  if (point.problem.weighted === undefined) {
    throw new Error('hypergradient "dot" needs a problem with `weighted` (weights that enter linearly); use "darts"');
  }
  return tidyTree(() => negative(mixedProduct(point, point.vector)));
}
