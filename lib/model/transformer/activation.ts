import * as tf from "@tensorflow/tfjs-core";
import { gelu as plainGelu, sigmoid, tanh } from "../../core/twice.js";
import { isRecorded } from "../../core/tape.js";
import { add, mul, sub } from "./direct.js";
import { together, written } from "./written.js";

/** silu(x) · y = x σ(x) · y, the gate of a SwiGLU (arXiv 2002.05202). */
export function swiGlu(x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D {
  return written(
    { x, y },
    {
      value: (save) => {
        const s = isRecorded() ? sigmoid(x) : tf.sigmoid(x);
        save([x, y, s]);
        return mul(mul(x, s), y);
      },
      gradient: (dy, [x, y, s]) =>
        together(["x", "y"], () => {
          const ofGate = mul(dy, s);
          // (x σ)' = σ (1 + x − x σ)
          const slope = add(sub(x, mul(x, s)), 1);
          return [mul(mul(ofGate, y), slope), mul(ofGate, x)];
        }),
    },
    (run) => ({
      value: (save) => {
        save([x, y]);
        return run("SwiGlu", [x, y], 1)[0];
      },
      gradient: (dz, saved) => together(["x", "y"], () => run("SwiGluGradient", [dz, ...saved], 2)),
    }),
  );
}

/** An activation with its derivative as a function of x; `plain` is what the tape records for the second order. */
function activation(plain: <T extends tf.Tensor>(x: T) => T, slope: (x: tf.Tensor) => tf.Tensor) {
  return (x: tf.Tensor2D): tf.Tensor2D =>
    written(
      { x },
      {
        value: (save) => {
          save([x]);
          return plain(x);
        },
        gradient: (dy, [x]) => ({ x: () => tf.mul(dy, slope(x)) }),
      },
    );
}

/** Hugging Face's names of activations ↦ functions. */
export const activations = {
  /** x Φ(x) with the normal distribution function Φ; its derivative is Φ(x) + x φ(x) */
  gelu: activation(plainGelu, (x) => {
    const distribution = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.add(distribution, tf.mul(x, density));
  }),
  /** x σ(1.702 x) */
  quick_gelu: activation(
    (x) => tf.mul(x, sigmoid(tf.mul(x, 1.702))),
    (x) => {
      const s = tf.sigmoid(tf.mul(x, 1.702));
      return tf.mul(s, tf.add(tf.mul(tf.mul(x, 1.702), tf.sub(1, s)), 1));
    },
  ),
  /** x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 */
  gelu_pytorch_tanh: activation(
    (x) => tf.mul(tf.mul(x, 0.5), tf.add(1, tanh(tf.mul(x, inner(tf.square(x), 1))))),
    (x) => {
      const square = tf.square(x);
      const t = tf.tanh(tf.mul(x, inner(square, 1)));
      const rest = tf.mul(tf.mul(x, inner(square, 3)), tf.sub(1, t));
      return tf.mul(tf.mul(tf.add(1, t), 0.5), tf.add(rest, 1));
    },
  ),
} as const;

/** √(2/π) (1 + n · 0.044715 x²), for n = 1 the tanh's argument over x, for n = 3 that argument's derivative */
function inner<T extends tf.Tensor>(square: T, n: number): T {
  return tf.mul(tf.add(tf.mul(square, n * 0.044715), 1), Math.sqrt(2 / Math.PI));
}

export type ActivationName = keyof typeof activations;
export const ACTIVATION_NAMES = Object.keys(activations) as ActivationName[];
