import * as tf from "@tensorflow/tfjs-core";
import { mapTree, normTree, type Params, tidyTree } from "../core/tree.js";

/**
 * g · min(1, max / (‖g‖ + 1e-6)) with the global norm over all tensors, as `torch.nn.utils.clip_grad_norm_`.
 *
 * @param max  largest norm let through; 0 switches clipping off
 * @returns the clipped gradients and ‖g‖ before clipping; the caller disposes both
 */
export function clipByGlobalNorm(grads: Params, max: number): { grads: Params; norm: tf.Scalar } {
  const norm = normTree(grads);
  const clipped = tidyTree(() => {
    if (max === 0) return mapTree((g) => tf.clone(g), grads);
    const factor = tf.minimum(1, tf.div(max, tf.add(norm, 1e-6)));
    return mapTree((g) => tf.mul(g, factor), grads);
  });
  return { grads: clipped, norm };
}
