import * as tf from "@tensorflow/tfjs-core";
import { mapTree, type Params, zerosLikeTree } from "../core/tree.js";
import { fusedAdamW } from "./fusedAdamW.js";

/** Everything an optimiser remembers: how many updates it made, and its named moments. */
export interface OptimizerState {
  readonly updates: number;
  readonly moments: Readonly<Record<string, Params>>;
}

/** A pair of pure functions. `update` disposes nothing; the caller owns what it returns. */
export interface Optimizer {
  readonly init: (params: Params) => OptimizerState;
  readonly update: (grads: Params, state: OptimizerState, params: Params, learningRate: number) => Updated;
}

export interface Updated {
  readonly params: Params;
  readonly state: OptimizerState;
}

export type OptimizerOptions =
  | { readonly kind: "sgd"; readonly momentum?: number; readonly weightDecay?: number }
  | {
      readonly kind: "adamw";
      readonly betas?: readonly [number, number];
      readonly epsilon?: number;
      readonly weightDecay?: number;
    };

export function optimizer(options: OptimizerOptions): Optimizer {
  switch (options.kind) {
    case "sgd":
      return sgd(options);
    case "adamw":
      return adamW(options);
  }
}

/**
 * g ← g + λp;  m ← μm + g;  p ← p − lr·m, as `torch.optim.SGD` with dampening 0.
 *
 * @param momentum     μ, defaults to 0
 * @param weightDecay  λ, defaults to 0; an L2 penalty, part of the gradient
 */
export function sgd({ momentum = 0, weightDecay = 0 }: { momentum?: number; weightDecay?: number } = {}): Optimizer {
  return {
    init: (params) => ({ updates: 0, moments: momentum === 0 ? {} : { momentum: zerosLikeTree(params) } }),
    update: (grads, state, params, learningRate) =>
      tidyUpdate(() => {
        const decayed = weightDecay === 0 ? grads : mapTree((g, p) => tf.add(g, tf.mul(p, weightDecay)), grads, params);
        const direction =
          momentum === 0 ? decayed : mapTree((m, g) => tf.add(tf.mul(m, momentum), g), state.moments.momentum, decayed);
        return {
          params: mapTree((p, d) => tf.sub(p, tf.mul(d, learningRate)), params, direction),
          state: { updates: state.updates + 1, moments: momentum === 0 ? {} : { momentum: direction } },
        };
      }),
  };
}

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
  betas = [0.9, 0.999],
  epsilon = 1e-8,
  weightDecay = 0.01,
}: { betas?: readonly [number, number]; epsilon?: number; weightDecay?: number } = {}): Optimizer {
  const [beta1, beta2] = betas;
  return {
    init: (params) => ({ updates: 0, moments: { first: zerosLikeTree(params), second: zerosLikeTree(params) } }),
    update: (grads, state, params, learningRate) =>
      tidyUpdate(() => {
        const updates = state.updates + 1;
        const rootCorrection2 = Math.sqrt(1 - beta2 ** updates);
        const stepSize = (learningRate * rootCorrection2) / (1 - beta1 ** updates);
        const decay = 1 - learningRate * weightDecay;
        const { first, second } = state.moments;
        const next: Record<"params" | "first" | "second", Record<string, tf.Tensor>> = {
          params: {},
          first: {},
          second: {},
        };
        for (const [name, p] of Object.entries(params)) {
          const update = { p, m: first[name], v: second[name], g: grads[name], beta1, beta2, stepSize, decay };
          const { p: pNext, m, v } = oneAdamW({ ...update, epsilon: epsilon * rootCorrection2 });
          next.params[name] = pNext;
          next.first[name] = m;
          next.second[name] = v;
        }
        return { params: next.params, state: { updates, moments: { first: next.first, second: next.second } } };
      }),
  };
}

/** One tensor's share of an AdamW update; `epsilon` and `stepSize` carry the bias corrections. */
export interface AdamWStep {
  p: tf.Tensor;
  m: tf.Tensor;
  v: tf.Tensor;
  g: tf.Tensor;
  beta1: number;
  beta2: number;
  stepSize: number;
  epsilon: number;
  decay: number;
}

function oneAdamW(step: AdamWStep): { p: tf.Tensor; m: tf.Tensor; v: tf.Tensor } {
  const fused = fusedAdamW(step);
  if (fused !== undefined) return fused;
  const m = tf.add(tf.mul(step.m, step.beta1), tf.mul(step.g, 1 - step.beta1));
  const v = tf.add(tf.mul(step.v, step.beta2), tf.mul(tf.square(step.g), 1 - step.beta2));
  const change = tf.div(tf.mul(m, step.stepSize), tf.add(tf.sqrt(v), step.epsilon));
  return { p: tf.sub(step.decay === 1 ? step.p : tf.mul(step.p, step.decay), change), m, v };
}

function tidyUpdate(f: () => Updated): Updated {
  return tf.tidy(f as unknown as () => tf.TensorContainer) as unknown as Updated;
}
