import * as tf from "@tensorflow/tfjs-core";
import { nativeBackend } from "./nativeBinding.js";

/** dy · (1 − y²) with y = tanh x: one kernel natively. First order only. */
export function tanhGradient<T extends tf.Tensor>(y: T, dy: T): T {
  return fused("TanhGrad", y, dy) ?? tf.mul(dy, tf.sub(1, tf.square(y)));
}

/** dy · y(1 − y) with y = σ(x): one kernel natively. First order only. */
export function sigmoidGradient<T extends tf.Tensor>(y: T, dy: T): T {
  return fused("SigmoidGrad", y, dy) ?? tf.mul(dy, tf.mul(y, tf.sub(1, y)));
}

function fused<T extends tf.Tensor>(kernel: string, y: T, dy: T): T | undefined {
  const native = nativeBackend();
  const type = native && { name: "T", type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT };
  return type && (native.executeSingleOutput(kernel, [type], [y, dy]) as T);
}
