/** Training by labels alone, for what comes before a PRM: a bilevel problem without an upper level. */
import * as tf from "@tensorflow/tfjs-core";
import { solveBilevel } from "../../lib/bilevel/engine.js";
import type { BatchSource, BilevelProblem } from "../../lib/bilevel/problem.js";
import { progress } from "../../lib/cli/progress.js";
import { cloneTree, fromPlain, type Params } from "../../lib/core/tree.js";

export interface Supervised<Batch> {
  readonly problem: BilevelProblem<Batch, never>;
  readonly batches: BatchSource<Batch, never>;
}

/** @param phi  at the start; stays the caller's */
export function supervised<Batch>(
  phi: Params,
  loss: (phi: Params, batch: Batch) => tf.Scalar,
  batch: (k: number) => Batch,
): Supervised<Batch> {
  return {
    problem: {
      init: () => ({ phi: cloneTree(phi), alpha: {} }),
      lower: (params, _alpha, batch) => tf.tidy(() => loss(params, batch)),
      upper: noUpper,
    },
    batches: { lower: batch, upper: noUpper },
  };
}

function noUpper(): never {
  throw new Error("supervised training has no upper level");
}

export interface TrainedOptions {
  /** for the progress bar */
  readonly label: string;
  readonly iterations: number;
  readonly learningRate: number;
  readonly quiet?: boolean;
}

/** φ after AdamW with gradients clipped at norm 1, warm-up over a twentieth and a cosine almost to zero. */
export async function trained<Batch>(
  { problem, batches }: Supervised<Batch>,
  { label, iterations, learningRate, quiet = false }: TrainedOptions,
): Promise<Params> {
  const [warmupSteps, totalSteps] = [Math.ceil(iterations / 20), Math.ceil(1.1 * iterations)];
  const solver = solveBilevel(problem, batches, {
    iterations,
    lower: {
      optimizer: { kind: "adamw", weightDecay: 0.01 },
      learningRate,
      schedule: { kind: "cosineWithWarmup", warmupSteps, totalSteps },
      clip: 1,
    },
  });
  const bar = progress(label, iterations, { quiet });
  try {
    for await (const { iteration, lower } of solver) bar.update(iteration, { loss: lower.weightedLoss });
  } finally {
    bar.stop();
  }
  return fromPlain(solver.state().phi);
}

/** −log softmax(logits)[class], [P] */
export function crossEntropy(logit_PV: tf.Tensor2D, class_P: tf.Tensor1D): tf.Tensor1D {
  const own_P = tf.sum(tf.mul(logit_PV, tf.oneHot(class_P, logit_PV.shape[1])), 1);
  return tf.sub(tf.logSumExp(logit_PV, 1), own_P);
}
