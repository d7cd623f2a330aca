/** Layers as functions of their parameters and the hidden state, and ways to run them one after another. */
import * as tf from "@tensorflow/tfjs-core";
import { detached } from "../../core/twice.js";
import { within, type Weights } from "./parameters.js";
import { recomputed } from "./recompute.js";

/** One layer: parameters under the layer's own names, hidden state [N, H], what all layers share. */
export type Block<Shared> = (weights: Weights, hidden_NH: tf.Tensor2D, shared: Shared) => tf.Tensor2D;

export interface BlockOptions {
  /** keep only what goes from layer to layer, and compute the rest again for the gradient; defaults to false */
  readonly checkpointing?: boolean;
}

/** A hidden state, and whether φ has anything to do with it. */
export interface Hidden {
  readonly hidden_NH: tf.Tensor2D;
  readonly trained: boolean;
}

/**
 * The hidden state after blocks `PREFIX0.`, `PREFIX1.`, …
 *
 * Blocks before the first parameter in φ record no gradient, so a frozen lower part costs no memory.
 */
export function throughBlocks<Shared>(
  block: Block<Shared>,
  { weights, prefix, count }: { weights: Weights; prefix: string; count: number },
  hidden: Hidden,
  shared: Shared,
  { checkpointing = false }: BlockOptions,
): Hidden {
  const run = checkpointing ? recomputed(block) : block;
  let { hidden_NH, trained } = hidden;
  for (let i = 0; i < count; i++) {
    const own = within(weights, `${prefix}${i}.`);
    trained ||= Object.keys(own.phi).length > 0;
    const before_NH = hidden_NH;
    hidden_NH = asTrained(trained, () => (trained ? run : block)(own, before_NH, shared));
  }
  return { hidden_NH, trained };
}

/** f(), tidied; a constant to every gradient unless it is trained. */
export function asTrained<T extends tf.Tensor>(trained: boolean, f: () => T): T {
  return trained ? tf.tidy(f) : detached(f);
}
