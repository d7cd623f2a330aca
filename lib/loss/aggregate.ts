import * as tf from "@tensorflow/tfjs-core";
import { sameShape } from "../core/check.js";
import * as twice from "../core/twice.js";

export const aggregations = ["mean", "min", "max", "last", "product", "logMean", "logOddsMean", "logOddsSum"] as const;
export type Aggregation = (typeof aggregations)[number];

/**
 * A(p): step scores p_i = σ(z_i) of one solution to one score, kept as a logit so that nothing saturates:
 *   mean         (1/S) Σ p_i
 *   min, max     of p_i
 *   last         p_S
 *   product      Π p_i
 *   logMean      exp((1/S) Σ log p_i), the geometric mean
 *   logOddsMean  σ((1/S) Σ z_i)       DreamPRM's code
 *   logOddsSum   σ(Σ z_i)             DreamPRM's paper (arXiv 2505.20241, aggregation function)
 * Differs from the published code: log(p/(1 − p)) is never taken of a rounded p, and padded steps do not count.
 *
 * @param logit_BS  z, [B, S]
 * @param mask_BS   1 for a step, 0 for padding; every row is 1 … 1 0 … 0 with at least one 1
 * @returns logit of A(p), [B]; σ of it is the solution's score
 */
export function aggregate(kind: Aggregation, logit_BS: tf.Tensor2D, mask_BS: tf.Tensor2D): tf.Tensor1D {
  sameShape("aggregate: logits and mask", logit_BS, mask_BS);
  return tf.tidy(() => {
    switch (kind) {
      case "mean":
        return tf.sub(logOfSum(logSigmoid(logit_BS), mask_BS), logOfSum(logSigmoid(tf.neg(logit_BS)), mask_BS));
      case "min":
        return twice.min(tf.add(logit_BS, padding(mask_BS)), 1) as tf.Tensor1D;
      case "max":
        return twice.max(tf.sub(logit_BS, padding(mask_BS)), 1) as tf.Tensor1D;
      case "last":
        return tf.sum(tf.mul(logit_BS, lastStep(mask_BS)), 1);
      case "product":
        return logitOfLog(tf.sum(tf.mul(logSigmoid(logit_BS), mask_BS), 1));
      case "logMean":
        return logitOfLog(maskedMean(logSigmoid(logit_BS), mask_BS));
      case "logOddsMean":
        return maskedMean(logit_BS, mask_BS);
      case "logOddsSum":
        return tf.sum(tf.mul(logit_BS, mask_BS), 1);
    }
  });
}

function maskedMean(x_BS: tf.Tensor2D, mask_BS: tf.Tensor2D): tf.Tensor1D {
  return tf.div(tf.sum(tf.mul(x_BS, mask_BS), 1), tf.sum(mask_BS, 1));
}

/** 0 at steps, 10⁹ at padding */
function padding(mask_BS: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(tf.sub(1, mask_BS), 1e9);
}

/** 1 at the last step of every row */
function lastStep(mask_BS: tf.Tensor2D): tf.Tensor2D {
  const [rows, steps] = mask_BS.shape;
  const next_BS = tf.concat([tf.slice(mask_BS, [0, 1], [rows, steps - 1]), tf.zeros([rows, 1])], 1);
  return tf.sub(mask_BS, next_BS);
}

/** log σ(z) = −softplus(−z) */
function logSigmoid(x: tf.Tensor2D): tf.Tensor2D {
  return tf.neg(tf.softplus(tf.neg(x)));
}

/** log Σ exp over the steps */
function logOfSum(log_BS: tf.Tensor2D, mask_BS: tf.Tensor2D): tf.Tensor1D {
  return twice.logSumExp(tf.sub(log_BS, padding(mask_BS))) as tf.Tensor1D;
}

/** log p ↦ log(p/(1 − p)) for log p < 0; a score that rounds to 1 has the logit of the largest below it, about 85 */
function logitOfLog(logScore: tf.Tensor1D): tf.Tensor1D {
  return tf.sub(logScore, tf.log(tf.maximum(tf.neg(tf.expm1(logScore)), 1e-37)));
}
