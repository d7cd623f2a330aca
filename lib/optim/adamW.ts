import * as tf from "@tensorflow/tfjs-core";
import { type Params, zerosLikeTree } from "../core/tree.js";
import { sqrtFlatAtZero } from "../core/twice.js";
import { fusedAdamW } from "./fusedAdamW.js";
import { type Optimizer, tidyUpdate, type Update } from "./update.js";

/** One tensor's share of an AdamW update; `stepSize` and `epsilon` carry the bias corrections. */
export interface AdamWStep {
  readonly p: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
  readonly g: tf.Tensor;
  readonly beta1: number;
  readonly beta2: number;
  readonly stepSize: number;
  readonly epsilon: number;
  readonly decay: number;
}

export interface AdamWResult {
  readonly p: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
}

/** as in `torch.optim.AdamW` */
export const ADAMW_DEFAULTS = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01 } as const;

/**
 * m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;
 * p ← p(1 − lr·λ) − lr · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε), as `torch.optim.AdamW`.
 *
 * Loshchilov & Hutter, arXiv 1711.05101 (decoupled decay), with the bias correction of Adam.
 *
 * @param betas        defaults to [0.9, 0.999]
 * @param epsilon      defaults to 1e-8
 * @param weightDecay  λ, defaults to 0.01
 */
export function adamW({
  betas = ADAMW_DEFAULTS.betas,
  epsilon = ADAMW_DEFAULTS.epsilon,
  weightDecay = ADAMW_DEFAULTS.weightDecay,
}: { betas?: readonly [number, number]; epsilon?: number; weightDecay?: number } = {}): Optimizer {
  const [beta1, beta2] = betas;
  const together =
    (rule: (steps: readonly AdamWStep[]) => readonly AdamWResult[]): Update =>
    (grads, state, params, learningRate) =>
      tidyUpdate(() => {
        const updates = state.updates + 1;
        const rootCorrection2 = Math.sqrt(1 - beta2 ** updates);
        const numbers = {
          beta1,
          beta2,
          stepSize: (learningRate * rootCorrection2) / (1 - beta1 ** updates),
          epsilon: epsilon * rootCorrection2,
          decay: 1 - learningRate * weightDecay,
        };
        const { first, second } = state.moments;
        const names = Object.keys(params);
        const results = rule(
          names.map((name) => ({ p: params[name], m: first[name], v: second[name], g: grads[name], ...numbers })),
        );
        const tree = (part: keyof AdamWResult): Params =>
          Object.fromEntries(results.map((result, i) => [names[i], result[part]]));
        return { params: tree("p"), state: { updates, moments: { first: tree("m"), second: tree("v") } } };
      });
  return {
    init: (params) => ({ updates: 0, moments: { first: zerosLikeTree(params), second: zerosLikeTree(params) } }),
    update: together((steps) => steps.map(composed)),
    advance: together((steps) => {
      const results = fusedAdamW(steps).map((result, i) => result ?? composed(steps[i]));
      tf.dispose(steps.flatMap(({ p, m, v }) => [p, m, v]));
      return results;
    }),
  };
}

function composed({ p, m, v, g, beta1, beta2, stepSize, epsilon, decay }: AdamWStep): AdamWResult {
  const mNext = tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1));
  const vNext = tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2));
  const change = tf.div(tf.mul(mNext, stepSize), tf.add(sqrtFlatAtZero(vNext), epsilon));
  return { p: tf.sub(decay === 1 ? p : tf.mul(p, decay), change), m: mNext, v: vNext };
}
