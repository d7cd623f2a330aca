import * as tf from "@tensorflow/tfjs-core";
import { stepBatch } from "../data/batch.js";
import { type EncodedSteps } from "../data/encode.js";
import type { BilevelProblem } from "../bilevel/problem.js";
import type { StepBatch } from "../data/batch.js";
import { constant } from "../bilevel/problem.js";
import type { Params } from "../core/tree.js";

const CHUNK = 1024;

/**
 * The weight of every training row under φ and α, [N], whatever kind of weighting it is; a weighting that normalises
 * over the batch does so over 1024 rows here.
 *
 * @param alpha  α whole
 */
export function rowWeights(
  problem: Pick<BilevelProblem<StepBatch, never>, "weighted" | "lazy">,
  phi: Params,
  alpha: Params,
  train: EncodedSteps,
): Float32Array {
  return perRow(train, (batch) => {
    const { weighted, lazy } = problem;
    if (weighted === undefined) throw new Error("rowWeights needs weights that enter the loss linearly");
    const { seen } = weighted.losses(phi, batch);
    const own = lazy ? { ...alpha, [lazy.name]: tf.gather(alpha[lazy.name], batch.row_B) } : alpha;
    return weighted.weights(own, batch, constant(seen));
  });
}

/** ℓ_n(φ) of every training row, [N]. */
export function rowLosses(
  problem: Pick<BilevelProblem<StepBatch, never>, "weighted">,
  phi: Params,
  train: EncodedSteps,
): Float32Array {
  return perRow(train, (batch) => {
    if (problem.weighted === undefined) throw new Error("rowLosses needs weights that enter the loss linearly");
    return problem.weighted.losses(phi, batch).loss_B;
  });
}

function perRow(train: EncodedSteps, value: (batch: StepBatch) => tf.Tensor1D): Float32Array {
  const out = new Float32Array(train.target.length);
  // every chunk takes rows, or whole solutions where these have the weights, from all over the set: neighbours are alike
  const chunks: number[][] = Array.from({ length: Math.ceil(out.length / CHUNK) }, () => []);
  train.instance.forEach((own, row) => chunks[own % chunks.length].push(row));
  for (const chunk of chunks.filter(({ length }) => length > 0)) {
    const rows = Int32Array.from(chunk);
    const values = tf.tidy(() => value(stepBatch(train, rows)).dataSync<"float32">());
    rows.forEach((row, i) => (out[row] = values[i]));
  }
  return out;
}
