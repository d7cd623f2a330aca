import type * as tf from "@tensorflow/tfjs-core";
import type { AdamWStep } from "./optimizer.js";

export function fusedAdamW(_step: AdamWStep): { p: tf.Tensor; m: tf.Tensor; v: tf.Tensor } | undefined {
  return undefined;
}
