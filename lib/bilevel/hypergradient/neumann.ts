import { addTree, axpy, type Params, scaleTree, tidyTree } from "../../core/tree.js";
import { hessianProduct, type HypergradientPoint, mixedProduct, negative } from "./point.js";

export interface NeumannOptions {
  /** K, the highest power; defaults to 10 */
  readonly terms?: number | undefined;
  /** s, below 2/λ_max(H); defaults to 1 */
  readonly stepSize?: number | undefined;
}

/**
 * g = −(∂²L_lower/∂α∂φ)·p,  p = s Σ_{j=0..K} (I − sH)ʲ v,  which tends to H⁻¹v for positive definite H and K → ∞.
 *
 * Lorraine, Vicol & Duvenaud, arXiv 1911.02590, algorithm 3; H is the Hessian of the lower loss on the last batch.
 */
export function neumann<L>(point: HypergradientPoint<L>, { terms = 10, stepSize = 1 }: NeumannOptions = {}): Params {
  return tidyTree(() => {
    let [power, sum] = [point.vector, point.vector];
    for (let j = 0; j < terms; j++) {
      const before = power;
      power = tidyTree(() => axpy(-stepSize, hessianProduct(point, before), before));
      sum = addTree(sum, power);
    }
    return negative(mixedProduct(point, scaleTree(stepSize, sum)));
  });
}
