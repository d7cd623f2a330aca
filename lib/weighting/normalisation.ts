import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { detached } from "../core/twice.js";

/**
 * What weights are divided by, so that their overall size, which only changes the learning rate, is not learned:
 *   none   nothing
 *   batch  their mean over the batch, as in Meta-Weight-Net
 *   class  their mean over the batch's rows of the same label, right (p ≥ ½) or wrong: weights then cannot lower a meta
 *          loss by shifting the balance of right and wrong labels, only by choosing among rows of one label
 */
export const normalisations = ["none", "batch", "class"] as const;
export const normalisation = z.enum(normalisations);
export type Normalisation = (typeof normalisations)[number];

const TINY = 1e-8;

/**
 * @param weight_B  non-negative, [B]
 * @param target_B  labels, [B]
 */
export function normalise(kind: Normalisation, weight_B: tf.Tensor1D, target_B: tf.Tensor1D): tf.Tensor1D {
  switch (kind) {
    case "none":
      return weight_B;
    case "batch":
      return tf.div(weight_B, tf.add(tf.mean(weight_B), TINY));
    case "class": {
      const right_B = detached(() => tf.cast(tf.greaterEqual(target_B, 0.5), "float32") as tf.Tensor1D);
      const wrong_B = tf.sub<tf.Tensor1D>(1, right_B);
      const mean = (member_B: tf.Tensor1D) =>
        tf.div(tf.sum(tf.mul(weight_B, member_B)), tf.maximum(1, tf.sum(member_B)));
      const means_B = tf.add(tf.mul(right_B, mean(right_B)), tf.mul(wrong_B, mean(wrong_B)));
      return tf.div(weight_B, tf.add(means_B, TINY));
    }
  }
}
