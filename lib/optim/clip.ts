import * as tf from "@tensorflow/tfjs-core";
import { globalNorm } from "../core/norm.js";
import { dotTree, mapTree, type Params, tidyTree } from "../core/tree.js";
import { sqrtFlatAtZero } from "../core/twice.js";

/** keeps the factor finite, as in PyTorch */
const TINY = 1e-6;

/**
 * g · min(1, max / (‖g‖ + 1e-6)) with the global norm over all tensors, as `torch.nn.utils.clip_grad_norm_`.
 *
 * @param max  largest norm let through; 0 switches clipping off
 * @returns the gradients, the same tensors where nothing was clipped, and ‖g‖ before clipping
 */
export function clipByGlobalNorm(grads: Params, max: number): { grads: Params; norm: number } {
  const norm = globalNorm(grads);
  const factor = max === 0 ? 1 : Math.min(1, max / (norm + TINY));
  return { grads: factor === 1 ? grads : tidyTree(() => mapTree((g) => tf.mul(g, factor), grads)), norm };
}

/** The same as a function that can be differentiated. */
export function clipped(grads: Params, max: number): Params {
  if (max === 0) return grads;
  const factor = tf.minimum(1, tf.div(max, tf.add(sqrtFlatAtZero(dotTree(grads, grads)), TINY)));
  return mapTree((g) => tf.mul(g, factor), grads);
}
