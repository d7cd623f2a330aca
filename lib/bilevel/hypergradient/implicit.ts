import * as tf from "@tensorflow/tfjs-core";
import { Matrix, solve } from "ml-matrix";
import { mapTree, type Params, tidyTree, zerosLikeTree } from "../../core/tree.js";
import { hessianProduct, type HypergradientPoint, mixedProduct, negative } from "./point.js";

export interface ImplicitOptions {
  /** δ, added to the Hessian's diagonal; defaults to 0 */
  readonly damping?: number | undefined;
}

const LARGEST = 4096;

/**
 * g = −(∂²L_lower/∂α∂φ)(H + δI)⁻¹v by the implicit function theorem, with the whole Hessian, one product per entry of
 * φ, and a dense solve: a reference for small problems.
 *
 * @throws RangeError when φ has more than 4096 entries
 */
export function implicit<L>(point: HypergradientPoint<L>, { damping = 0 }: ImplicitOptions = {}): Params {
  const { phi, vector } = point;
  const size = Object.values(phi).reduce((sum, { size }) => sum + size, 0);
  if (size > LARGEST) {
    throw new RangeError(
      `a dense Hessian of ${size} parameters is too large (at most ${LARGEST}); use conjugateGradient`,
    );
  }
  return tidyTree(() => {
    const hessian = Matrix.zeros(size, size);
    for (let i = 0; i < size; i++) {
      const column = tf.tidy(() => flat(hessianProduct(point, unit(phi, i))));
      column.forEach((value, row) => hessian.set(row, i, value + (row === i ? damping : 0)));
    }
    const solution = solve(hessian, Matrix.columnVector(flat(vector))).to1DArray();
    return negative(mixedProduct(point, unflat(phi, solution)));
  });
}

function flat(tree: Params): number[] {
  return Object.values(tree).flatMap((tensor) => Array.from(tensor.dataSync()));
}

function unflat(like: Params, values: readonly number[]): Params {
  let next = 0;
  return mapTree(({ shape, size }) => tf.tensor(values.slice(next, (next += size)), shape), like);
}

function unit(like: Params, i: number): Params {
  const values = flat(zerosLikeTree(like));
  values[i] = 1;
  return unflat(like, values);
}
