import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../../lib/core/tree.js";
import type { Normalisation } from "../../lib/weighting/normalisation.js";
import type { Seen, Weighting, WeightingBatch } from "../../lib/weighting/weighting.js";
import { centralDifference, expectClose } from "../expectClose.js";

/** Four rows of which everything is known. */
export const known = {
  domain: [2, 0, 1, 2],
  row: [3, 0, 4, 3],
  target: [0.9, 0.1, 0.5, 0.7],
  step: [2, 1, 7, 3],
  steps: [3, 1, 7, 5],
  logit: [0.3, -1.2, 2, 0.8],
  loss: [0.05, 0.4, 1.1, 0.2],
  hidden: [[0.1, -0.2], [0.7, 0.4], [-0.9, 0.3], [0.2, 0.6]], // prettier-ignore
};

export function batchOf(rows: Partial<typeof known> = {}): WeightingBatch {
  const { domain, row, target, step, steps } = { ...known, ...rows };
  return {
    domain_B: tf.tensor1d(domain, "int32"),
    row_B: tf.tensor1d(row, "int32"),
    target_B: tf.tensor1d(target),
    step_B: tf.tensor1d(step),
    steps_B: tf.tensor1d(steps),
  };
}

export function seenOf({ logit, loss, hidden } = known): Seen {
  return { logit_B: tf.tensor1d(logit), loss_B: tf.tensor1d(loss), hidden_BH: tf.tensor2d(hidden) };
}

/** what weights are divided by, by definition */
export function normalised(kind: Normalisation, weights: number[], target = known.target): number[] {
  const right = (p: number) => p >= 0.5;
  return weights.map((w, n) => {
    const like = weights.filter((_, m) => kind === "batch" || right(target[m]) === right(target[n]));
    return kind === "none" ? w : (w * like.length) / like.reduce((a, b) => a + b);
  });
}

const factors = [0.7, -0.2, 1.1, 0.4];

/** ∂/∂α Σ c_n w_n against central differences, tensor by tensor; α may hold the batch's entries alone. */
export function expectGradient(weighting: Weighting, alpha: Params, relative = 2e-3): void {
  const [batch, seen] = [batchOf(), seenOf()];
  const product = (tree: Params) => tf.tidy(() => tf.sum(tf.mul(weighting.apply(tree, batch, seen), factors)));
  for (const [name, tensor] of Object.entries(alpha)) {
    const at = (values: number[]) =>
      tf.tidy(() => product({ ...alpha, [name]: tf.tensor(values, tensor.shape) }).dataSync()[0]);
    const gradient = tf.grad((x: tf.Tensor) => product({ ...alpha, [name]: x }))(tensor);
    expectClose(gradient, centralDifference(at, Array.from(tensor.dataSync())), { relative, absolute: 2e-5 });
  }
}
