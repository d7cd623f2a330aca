import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../../core/tree.js";
import type { Block } from "./blocks.js";

/**
 * The same block, whose gradient computes its inside anew: between the forward and the backward pass only its input stays
 * in memory (gradient checkpointing, arXiv 1604.06174). Gradients go to the hidden state and to the block's part of φ;
 * frozen parameters and what layers share have none. First order only: `secondOrderProducts` refuses it.
 */
export function recomputed<Shared>(block: Block<Shared>): Block<Shared> {
  return ({ phi, frozen }, hidden_NH, shared) => {
    const names = Object.keys(phi);
    const run = ([hidden, ...tensors]: tf.Tensor[]) => {
      const own: Params = Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
      return block({ phi: own, frozen }, hidden as tf.Tensor2D, shared);
    };
    const f: Parameters<typeof tf.customGrad>[0] = (...args) => {
      const inputs = args.slice(0, -1) as tf.Tensor[];
      const save = args.at(-1) as unknown as tf.GradSaveFunc;
      save(inputs);
      return { value: run(inputs), gradFunc: (dy, saved) => innerGradients(() => run(saved), saved, dy) };
    };
    return tf.customGrad(f)(hidden_NH, ...names.map((name) => phi[name])) as tf.Tensor2D;
  };
}

interface Engine {
  readonly state: { activeTape: unknown };
  gradients(f: () => tf.Tensor, xs: tf.Tensor[], dy: tf.Tensor, partial: true): { grads: (tf.Tensor | undefined)[] };
}

/**
 * Jᵀ·dy from within a backward pass. TensorFlow.js has one tape, which a gradient begun there would replace and drop, and
 * the outer pass still frees what its own tape holds: so the outer one is put back.
 */
function innerGradients(f: () => tf.Tensor, xs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const engine = tf.engine() as unknown as Engine;
  const outer = engine.state.activeTape;
  try {
    return tf.tidy(() => engine.gradients(f, xs, dy, true).grads.map((grad, i) => grad ?? tf.zerosLike(xs[i])));
  } finally {
    engine.state.activeTape = outer;
  }
}
