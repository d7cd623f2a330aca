import * as tf from "@tensorflow/tfjs-core";
import { mapTree, type Params, tidyTree } from "../../core/tree.js";
import { ADAMW_DEFAULTS } from "../../optim/adamW.js";
import { centralDifference } from "./darts.js";
import type { HypergradientPoint } from "./point.js";

export interface SamaOptions {
  /** ‖εv‖, defaults to 1 */
  readonly radius?: number | undefined;
}

/**
 * `darts` with v ← lr · (∂u/∂g) ⊙ v, the derivative of the lower optimiser's update u in the gradient g:
 *
 *     AdamW  ∂u/∂g ≈ [(1 − β₁) β₂ v_old − β₁ (1 − β₂) g m_old] / (√v_new + ε)³      SGD  v as it is
 *
 * SAMA, Choe et al., arXiv 2310.05674, section 3.2, without the bias corrections, as there and in Betty.
 */
export function sama<L>(point: HypergradientPoint<L>, { radius = 1 }: SamaOptions = {}): Params {
  return tidyTree(() => centralDifference(point, preconditioned(point), radius));
}

function preconditioned<L>({ vector, inner }: HypergradientPoint<L>): Params {
  const last = inner?.updates.at(-1);
  if (inner === undefined || last?.before === undefined || last.gradient === undefined) {
    throw new Error('hypergradient "sama" needs the last lower update, which only the engine knows');
  }
  const { optimizer } = inner.level;
  if (optimizer.kind === "sgd") return vector;
  const { betas: [beta1, beta2] = ADAMW_DEFAULTS.betas, epsilon = ADAMW_DEFAULTS.epsilon } = optimizer;
  const rate = inner.level.learningRate(inner.scheduled);
  const { first, second } = last.before.optimizer.moments;
  const one = (v: tf.Tensor, g: tf.Tensor, mOld: tf.Tensor, vOld: tf.Tensor) => {
    const vNew = tf.add(tf.mul(vOld, beta2), tf.mul(tf.square(g), 1 - beta2));
    const slope = tf.sub(tf.mul(vOld, (1 - beta1) * beta2), tf.mul(tf.mul(g, mOld), beta1 * (1 - beta2)));
    const root = tf.add(tf.sqrt(vNew), epsilon);
    // one division at a time: the cube of ε alone would underflow
    const divided = tf.div(tf.div(tf.div(slope, root), root), root);
    return tf.mul(v, tf.mul(divided, rate));
  };
  return mapTree((v, g, m, s) => one(v, g, m, s), vector, last.gradient, first, second);
}
