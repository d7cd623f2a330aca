import * as tf from "@tensorflow/tfjs-core";
import { sameShape } from "../core/check.js";

/**
 * Aggregation-function loss on the meta set: (1/B) Σ (σ(A) − r)².
 *
 * DreamPRM (arXiv 2505.20241), upper level.
 *
 * @param logit_B  aggregated logits A, [B]
 * @param label_B  r, 1 when the final answer is right, else 0, [B]
 */
export function outcomeLoss(logit_B: tf.Tensor1D, label_B: tf.Tensor1D): tf.Scalar {
  sameShape("outcome loss: logits and labels", logit_B, label_B);
  return tf.mean<tf.Scalar>(tf.squaredDifference(tf.sigmoid(logit_B), label_B));
}
