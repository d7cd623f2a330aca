import * as tf from "@tensorflow/tfjs-core";
import { sameShape } from "../core/check.js";
import { type Aggregation, aggregate } from "./aggregate.js";
import { type StepLoss, stepLoss } from "./step.js";

/**
 * What the upper level compares on the meta set:
 *   "+"      (σ(A(z)) − r)²       the solution's score with its outcome; DreamPRM, and DreamPRM-1.5's `loss_target` "+"
 *   "both"   (σ(A(±z)) − 1)²      the score of the right label with 1, ± the sign of 2r − 1; `loss_target` "both"
 *   "steps"  (σ(z_i) − label_i)²  every labelled step by itself; needs step labels
 */
export const lossTargets = ["+", "both", "steps"] as const;
export type LossTarget = (typeof lossTargets)[number];

/**
 * Aggregation-function loss on the meta set: the mean over solutions of ℓ(A, r).
 *
 * DreamPRM (arXiv 2505.20241), upper level.
 *
 * @param logit_BS  z of every step, [B, S]
 * @param mask_BS   1 for a step, 0 for padding, [B, S]
 * @param label_B   r, 1 when the final answer is right, else 0, [B]
 * @param kind      ℓ, defaults to the papers' squared error
 */
export function outcomeLoss(
  target: "+" | "both",
  aggregation: Aggregation,
  logit_BS: tf.Tensor2D,
  mask_BS: tf.Tensor2D,
  label_B: tf.Tensor1D,
  kind: StepLoss = "squaredError",
): tf.Scalar {
  return tf.tidy(() => {
    if (target === "+") return tf.mean<tf.Scalar>(stepLoss(kind, aggregate(aggregation, logit_BS, mask_BS), label_B));
    const sign_B1 = tf.expandDims(tf.sub(tf.mul(2, label_B), 1), 1);
    const ofRightLabel_B = aggregate(aggregation, tf.mul(logit_BS, sign_B1), mask_BS);
    return tf.mean<tf.Scalar>(stepLoss(kind, ofRightLabel_B, tf.onesLike(label_B)));
  });
}

/**
 * Mean over the labelled steps of ℓ(z_i, label_i).
 *
 * @param logit_BS     z, [B, S]
 * @param stepLabel_BS 1 right, 0 wrong, [B, S]
 * @param labelled_BS  1 where a step has a label, else 0, [B, S]
 */
export function labelledStepsLoss(
  logit_BS: tf.Tensor2D,
  stepLabel_BS: tf.Tensor2D,
  labelled_BS: tf.Tensor2D,
  kind: StepLoss = "squaredError",
): tf.Scalar {
  sameShape("labelled steps loss: logits and labels", logit_BS, stepLabel_BS);
  return tf.tidy(() => {
    const flat = (x_BS: tf.Tensor2D) => tf.reshape<tf.Rank.R1>(x_BS, [-1]);
    const loss = stepLoss(kind, flat(logit_BS), flat(stepLabel_BS));
    const mask = flat(labelled_BS);
    return tf.div<tf.Scalar>(tf.sum(tf.mul(loss, mask)), tf.maximum(1, tf.sum(mask)));
  });
}
