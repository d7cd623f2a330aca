/**
 * Gradient of the matrix product with explicit transposes where the backend's transposed product is slow:
 * on wasm xᵀ·dy of [64, 1536]ᵀ·[64, 256] takes about 25 times as long with `transposeA` as after `tf.transpose`.
 */
import * as tf from "@tensorflow/tfjs-core";

/** x·y with x or y transposed (last two axes), the transpose made first where that is faster. */
export function product(x: tf.Tensor, y: tf.Tensor, transposeX: boolean, transposeY: boolean): tf.Tensor {
  if (tf.getBackend() !== "wasm") return tf.matMul(x, y, transposeX, transposeY);
  return tf.matMul(transposeX ? swap(x) : x, transposeY ? swap(y) : y);
}

function swap(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, i) => i);
  return tf.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

/** Replaces TensorFlow.js's gradient of `tf.matMul`; the result is the same. */
export function registerGradients(): void {
  tf.registerGradient({
    kernelName: "BatchMatMul",
    inputsToSave: ["a", "b"],
    gradFunc: (dy, [a, b], attrs) => {
      const g = dy as tf.Tensor;
      const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
      return {
        a: () => (transposeA ? product(b, g, transposeB, true) : product(g, b, false, !transposeB)),
        b: () => (transposeB ? product(g, a, true, transposeA) : product(a, g, !transposeA, false)),
      };
    },
  });
}
