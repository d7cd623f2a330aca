import * as tf from "@tensorflow/tfjs-core";
import { add, product } from "./direct.js";
import { optionalWeight, type Weights, weight } from "./parameters.js";
import { plus, written } from "./written.js";

/**
 * y = x·Wᵀ + b, and + s·(x·Aᵀ)·Bᵀ where φ holds an adapter (LoRA, arXiv 2106.09685).
 *
 * Reads `NAME.weight` [out, in], `NAME.bias` [out] if there is one, and `NAME.lora_A.weight` [r, in] with
 * `NAME.lora_B.weight` [out, r] if there are any.
 *
 * @param x_NI       [N, in]
 * @param loraScale  s, as in PEFT alpha / r
 * @returns [N, out]
 */
export function linear(weights: Weights, name: string, x_NI: tf.Tensor2D, loraScale: number): tf.Tensor2D {
  const y_NO = mapped(x_NI, weight(weights, `${name}.weight`), optionalWeight(weights, `${name}.bias`));
  const a = optionalWeight(weights, `${name}.lora_A.weight`);
  if (!a) return y_NO;
  const low_NR = tf.mul<tf.Tensor2D>(mapped(x_NI, a), loraScale);
  return plus(y_NO, mapped(low_NR, weight(weights, `${name}.lora_B.weight`)));
}

/** x·Wᵀ + b; a kernel of a convolution counts as the matrix [out, rest]. */
export function mapped(x: tf.Tensor2D, weight: tf.Tensor, b?: tf.Tensor1D): tf.Tensor2D {
  const w: tf.Tensor2D = weight.rank === 2 ? (weight as tf.Tensor2D) : tf.reshape(weight, [weight.shape[0], -1]);
  return written(
    { x, w, ...(b && { b }) },
    {
      value: (save) => {
        save([x, w]);
        const y_NO = product(x, w, false, true);
        return b ? add(y_NO, b) : y_NO;
      },
      gradient: (dy, [x, w]) => ({
        x: () => product(dy, w, false, false),
        w: () => product(dy, x, true, false),
        b: () => tf.sum(dy, 0),
      }),
    },
  );
}
