import * as tf from "@tensorflow/tfjs-core";
import { nativeBackend } from "./nativeBinding.js";
import type { Params } from "./tree.js";

/** ‖x‖₂ over all tensors of a tree, as a number: natively by one kernel per tensor, without a temporary. */
export function globalNorm(x: Params): number {
  return Math.sqrt(Object.values(x).reduce((sum, tensor) => sum + sumOfSquares(tensor), 0));
}

function sumOfSquares(tensor: tf.Tensor): number {
  const native = nativeBackend();
  if (native === undefined) return take(tf.tidy(() => tf.sum(tf.square(tensor))));
  const type = { name: "T", type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT };
  return 2 * take(native.executeSingleOutput("L2Loss", [type], [tensor]));
}

function take(scalar: tf.Tensor): number {
  const value = scalar.dataSync()[0];
  scalar.dispose();
  return value;
}
