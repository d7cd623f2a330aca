import { axpy, dotTree, type Params, tidyTree, zerosLikeTree } from "../../core/tree.js";
import { hessianProduct, type HypergradientPoint, mixedProduct, negative } from "./point.js";

export interface ConjugateGradientOptions {
  /** defaults to 10 */
  readonly iterations?: number | undefined;
  /** δ, added to the Hessian's diagonal; defaults to 0 */
  readonly damping?: number | undefined;
}

/**
 * g = −(∂²L_lower/∂α∂φ)·x with (H + δI) x = v solved by conjugate gradients; H on the last batch.
 *
 * Pedregosa, arXiv 1602.02355; Rajeswaran et al., arXiv 1909.04630. As many iterations as H + δI has distinct
 * eigenvalues are exact.
 * Differs from Betty: the result does not depend on the loss' scale, there the residual forgets its factor.
 */
export function conjugateGradient<L>(
  point: HypergradientPoint<L>,
  { iterations = 10, damping = 0 }: ConjugateGradientOptions = {},
): Params {
  return tidyTree(() => {
    const product = (u: Params) => tidyTree(() => axpy(damping, u, hessianProduct(point, u)));
    let [x, residual, direction] = [zerosLikeTree(point.vector), point.vector, point.vector];
    const start = inner(residual, residual);
    let square = start;
    for (let i = 0; i < iterations && square > 1e-14 * start; i++) {
      const along = product(direction);
      const step = square / inner(direction, along);
      x = axpy(step, direction, x);
      residual = axpy(-step, along, residual);
      const next = inner(residual, residual);
      direction = axpy(next / square, direction, residual);
      square = next;
    }
    return negative(mixedProduct(point, x));
  });
}

function inner(a: Params, b: Params): number {
  const scalar = dotTree(a, b);
  const value = scalar.dataSync()[0];
  scalar.dispose();
  return value;
}
