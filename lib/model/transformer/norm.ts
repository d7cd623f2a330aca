import * as tf from "@tensorflow/tfjs-core";
import { add, mul, sub } from "./direct.js";
import { together, written } from "./written.js";

/**
 * w · x / √(mean x² + ε) over the last axis (RMSNorm, arXiv 1910.07467).
 *
 * @param x  [N, H]
 * @param w  [H]
 */
export function rmsNorm(x: tf.Tensor2D, w: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return written(
    { x, w },
    {
      value: (save) => {
        const inverse = inverseRms(x, epsilon);
        const normed = mul(x, inverse);
        save([normed, inverse, w]);
        return mul(normed, w);
      },
      gradient: (dy, [normed, inverse, w]) => ({
        x: () => {
          const g = mul(dy, w);
          return mul(inverse, sub(g, mul(normed, meanOf(mul(g, normed)))));
        },
        w: () => tf.sum(mul(dy, normed), 0),
      }),
    },
    (run) => ({
      value: (save) => {
        const [out, inverse] = run("RmsNorm", [x, w, epsilon], 2);
        save([x, w, inverse]);
        return out;
      },
      gradient: (dy, saved) => together(["x", "w"], () => run("RmsNormGradient", [dy, ...saved], 2)),
    }),
  );
}

/**
 * w · (x − mean x) / √(var x + ε) + b over the last axis, the variance over H (arXiv 1607.06450).
 *
 * @param x  [N, H]
 * @param w  [H]
 * @param b  [H]
 */
export function layerNorm(x: tf.Tensor2D, w: tf.Tensor1D, b: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return written(
    { x, w, b },
    {
      value: (save) => {
        const centred = sub(x, meanOf(x));
        const inverse = inverseRms(centred, epsilon);
        const normed = mul(centred, inverse);
        save([normed, inverse, w]);
        return add(mul(normed, w), b);
      },
      gradient: (dy, [normed, inverse, w]) => ({
        x: () => {
          const g = mul(dy, w);
          return mul(inverse, sub(sub(g, meanOf(g)), mul(normed, meanOf(mul(g, normed)))));
        },
        w: () => tf.sum(mul(dy, normed), 0),
        b: () => tf.sum(dy, 0),
      }),
    },
    (run) => ({
      value: (save) => {
        const [out, mean, inverse] = run("LayerNorm", [x, w, b, epsilon], 3);
        save([x, w, mean, inverse]);
        return out;
      },
      gradient: (dy, saved) => together(["x", "w", "b"], () => run("LayerNormGradient", [dy, ...saved], 3)),
    }),
  );
}

/** 1 / √(mean x² + ε), [N, 1] */
function inverseRms(x: tf.Tensor, epsilon: number): tf.Tensor {
  return tf.rsqrt(add(meanOf(tf.square(x)), epsilon));
}

/** Over the last axis, [N, 1]; `tf.mean` takes twice as long on small tensors. */
function meanOf(x: tf.Tensor): tf.Tensor {
  return mul(tf.sum(x, -1, true), 1 / (x.shape.at(-1) ?? 1));
}
