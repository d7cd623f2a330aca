import * as tf from "@tensorflow/tfjs-core";
import { sameShape } from "../core/check.js";
import { isSmall } from "../core/host.js";
import { sigmoidGradient } from "../core/outputGradients.js";
import { sigmoid } from "../core/twice.js";
import { stepLossAt } from "./slopes.js";

export type StepLoss = "squaredError" | "crossEntropy";

/**
 * Unreduced loss of step scores σ(z) against soft targets t, from logits:
 *   squaredError  (σ(z) − t)²                        DreamPRM (arXiv 2505.20241), lower level
 *   crossEntropy  softplus(z) − t·z = −t log σ(z) − (1 − t) log(1 − σ(z))
 *
 * @param logit_B   z, [B]
 * @param target_B  t in [0, 1], [B]
 * @returns losses, [B]
 * @throws RangeError with both shapes when they differ
 */
export function stepLoss(kind: StepLoss, logit_B: tf.Tensor1D, target_B: tf.Tensor1D): tf.Tensor1D {
  sameShape("step loss: logits and targets", logit_B, target_B);
  switch (kind) {
    case "squaredError":
      return tf.squaredDifference(sigmoid(logit_B), target_B);
    case "crossEntropy":
      return tf.sub(tf.softplus(logit_B), tf.mul(target_B, logit_B));
  }
}

/** The losses with dℓ/dz: 2(σ − t)σ(1 − σ) or σ − t, [B]; values, through which no gradient passes. */
export function sloped(kind: StepLoss, logit_B: tf.Tensor1D, target_B: tf.Tensor1D): SlopedLosses {
  if (!isSmall(logit_B)) return { loss_B: stepLoss(kind, logit_B, target_B), slope_B: slope(kind, logit_B, target_B) };
  sameShape("step loss: logits and targets", logit_B, target_B);
  const [z, t] = [logit_B.dataSync(), target_B.dataSync()];
  const [losses, slopes] = [new Float32Array(z.length), new Float32Array(z.length)];
  for (let n = 0; n < z.length; n++) ({ value: losses[n], slope: slopes[n] } = stepLossAt(kind, z[n], t[n]));
  return { loss_B: tf.tensor1d(losses), slope_B: tf.tensor1d(slopes) };
}

export interface SlopedLosses {
  readonly loss_B: tf.Tensor1D;
  readonly slope_B: tf.Tensor1D;
}

function slope(kind: StepLoss, logit_B: tf.Tensor1D, target_B: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => {
    const score_B = tf.sigmoid(logit_B);
    const difference_B = tf.sub<tf.Tensor1D>(score_B, target_B);
    if (kind === "crossEntropy") return difference_B;
    return sigmoidGradient(score_B, tf.mul<tf.Tensor1D>(2, difference_B));
  });
}
