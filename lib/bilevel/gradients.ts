import * as tf from "@tensorflow/tfjs-core";
import { sameShape } from "../core/check.js";
import { part, prefixed } from "../core/secondOrder.js";
import { addTree, mapTree, type Params, scaleTree, tidyTree, valueAndGrads } from "../core/tree.js";
import { disposeTree } from "./level.js";
import { type BilevelProblem, constant, type LowerObjective, weightedMean, type WeightedLower } from "./problem.js";

export interface LowerGradient {
  /** mean of the unweighted losses, when the problem tells them apart */
  readonly loss: number;
  readonly weightedLoss: number;
  readonly grads: Params;
}

/** L_lower with ∇_φ; `alpha` is called within a tidy. */
export function lowerGradient<L>(
  { lower, weighted }: LowerObjective<L>,
  phi: Params,
  alpha: () => Params,
  batch: L,
): LowerGradient {
  if (weighted?.pullBack) return pulledGradient(weighted, weighted.pullBack, phi, alpha, batch);
  let loss: number | undefined;
  const { value, grads } = tf.tidy(() => {
    const alphaParams = alpha();
    return valueAndGrads((p) => {
      if (weighted === undefined) return lower(p, alphaParams, batch);
      const { loss_B, seen } = weighted.losses(p, batch);
      loss = mean(loss_B.dataSync());
      return weightedMean(loss_B, weighted.weights(alphaParams, batch, constant(seen)));
    }, phi);
  });
  const weightedLoss = take(value);
  return { loss: loss ?? weightedLoss, weightedLoss, grads };
}

/** ∇_φ (1/B) Σ w_n ℓ_n is the losses' vector-Jacobian product with w/B. */
function pulledGradient<L>(
  { weights }: WeightedLower<L>,
  pullBack: NonNullable<WeightedLower<L>["pullBack"]>,
  phi: Params,
  alpha: () => Params,
  batch: L,
): LowerGradient {
  let [loss, weightedLoss] = [0, 0];
  const grads = tidyTree(() => {
    const { loss_B, seen = {}, gradient } = pullBack(phi, batch);
    const weight_B = weights(alpha(), batch, seen);
    sameShape("weighted mean: losses and weights", loss_B, weight_B);
    const [losses, factors] = [loss_B.dataSync(), weight_B.dataSync()];
    loss = mean(losses);
    weightedLoss = mean(losses.map((value, n) => value * factors[n]));
    return gradient(tf.tensor1d(Float32Array.from(factors).map((factor) => factor / losses.length)));
  });
  return { loss, weightedLoss, grads };
}

/** L_upper with its gradients in φ and, directly, in α. */
export function upperGradients<L, U>(problem: BilevelProblem<L, U>, phi: Params, alpha: Params, batch: U) {
  if (problem.upperGradient) {
    const { value, grads } = problem.upperGradient(phi, batch);
    return { value, grads: { phi: grads, alpha: mapTree((a) => tf.zerosLike(a), alpha) } };
  }
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

/** @param remedy  what else may be wrong */
export function refuseNonFinite(which: "lower" | "upper", value: number, iteration: number, remedy = ""): void {
  if (Number.isFinite(value)) return;
  throw new Error(
    `the ${which} level's loss or gradient is ${value} at iteration ${iteration}; ${remedy}` +
      `lower its learning rate, clip its gradient (\`clip\`), or look for extreme inputs`,
  );
}

function mean(values: ArrayLike<number>): number {
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
