import type * as tf from "@tensorflow/tfjs-core";
import { part, prefixed } from "../core/secondOrder.js";
import { addTree, type Params, scaleTree, tidyTree, valueAndGrads } from "../core/tree.js";
import { disposeTree } from "./level.js";
import type { BilevelProblem } from "./problem.js";

/** L_upper with its gradients in φ and, directly, in α. */
export function upperGradients<L, U>(problem: BilevelProblem<L, U>, phi: Params, alpha: Params, batch: U) {
  const both = { ...prefixed("phi:", phi), ...prefixed("alpha:", alpha) };
  const { value, grads } = valueAndGrads((p) => problem.upper(part("phi:", p), part("alpha:", p), batch), both);
  return { value, grads: { phi: part("phi:", grads), alpha: part("alpha:", grads) } };
}

export function addAndDispose(sum: Params | undefined, grads: Params, factor: number): Params {
  if (sum === undefined && factor === 1) return grads;
  const next = tidyTree(() => (sum ? addTree(sum, scaleTree(factor, grads)) : scaleTree(factor, grads)));
  disposeTree([sum, grads]);
  return next;
}

export function refuseNonFinite(which: "lower" | "upper", value: number, iteration: number): void {
  if (Number.isFinite(value)) return;
  throw new Error(
    `the ${which} level's loss or gradient is ${value} at iteration ${iteration}; ` +
      `lower its learning rate, clip its gradient (\`clip\`), or look for extreme inputs`,
  );
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Reads a scalar and disposes it. */
export function take(scalar: tf.Scalar): number {
  const value = scalar.dataSync()[0];
  scalar.dispose();
  return value;
}
