import * as tf from "@tensorflow/tfjs-core";
import { nativeBackend } from "./nativeBinding.js";

/** From here on one operation of the backend is faster than a loop over the numbers in JavaScript. */
const SMALL = 4096;

/**
 * Whether a tensor's numbers are sooner worked on in JavaScript than by a dozen operations of some microseconds each.
 * Never on a GPU, from which every read is a wait.
 */
export const isSmall = (x: tf.Tensor): boolean => x.size < SMALL && nativeBackend()?.isUsingGpuDevice !== true;

/** x·y of two vectors, as a value: no gradient passes through it. */
export function times(x: tf.Tensor1D, y: tf.Tensor1D): tf.Tensor1D {
  if (!isSmall(x)) return tf.mul(x, y);
  const [a, b] = [x.dataSync(), y.dataSync()];
  return tf.tensor1d(Float32Array.from(a).map((value, n) => value * b[n]));
}
