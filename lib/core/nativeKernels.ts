import * as tf from "@tensorflow/tfjs-core";
import { nativeBackend } from "./nativeBinding.js";
import { isRecorded } from "./tape.js";

/**
 * Runs an operation of `native/kernels.cc`, which tells what goes in and comes out. Values alone: no gradient passes.
 *
 * @param name     without the prefix
 * @param inputs   tensors, and numbers in the place of scalars
 * @param outputs  how many
 * @param count    length of the operation's lists, where it takes such
 */
export type NativeKernels = (
  name: string,
  inputs: readonly (tf.Tensor | number)[],
  outputs: number,
  count?: number,
) => tf.Tensor[];

/**
 * Undefined on other backends, on a GPU, where `setup:tensorflow` did not build them, and while a gradient is being recorded.
 */
export function nativeKernels(): NativeKernels | undefined {
  const native = nativeBackend();
  if (native?.kernels !== true || native.isUsingGpuDevice || isRecorded()) return undefined;
  return (name, inputs, outputs, count) => {
    const attributes = count === undefined ? [] : [{ name: "N", type: native.binding.TF_ATTR_INT, value: count }];
    const scalars: tf.Tensor[] = [];
    const tensors = inputs.map((input) => {
      if (typeof input !== "number") return input;
      const scalar = tf.scalar(input);
      scalars.push(scalar);
      return scalar;
    });
    const results = native.executeMultipleOutputs(`Dreamprm${name}`, attributes, tensors, outputs);
    for (const scalar of scalars) scalar.dispose();
    return results;
  };
}
