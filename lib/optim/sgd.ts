import * as tf from "@tensorflow/tfjs-core";
import { mapTree, zerosLikeTree } from "../core/tree.js";
import { consuming, type Optimizer, tidyUpdate, type Update } from "./update.js";

/**
 * g ← g + λp;  m ← μm + g;  p ← p − lr·m, as `torch.optim.SGD` with dampening 0.
 *
 * @param momentum     μ, defaults to 0
 * @param weightDecay  λ, defaults to 0; an L2 penalty, part of the gradient
 */
export function sgd({ momentum = 0, weightDecay = 0 }: { momentum?: number; weightDecay?: number } = {}): Optimizer {
  const update: Update = (grads, state, params, learningRate) =>
    tidyUpdate(() => {
      const decayed = weightDecay === 0 ? grads : mapTree((g, p) => tf.add(g, tf.mul(p, weightDecay)), grads, params);
      const direction =
        momentum === 0 ? decayed : mapTree((m, g) => tf.add(tf.mul(m, momentum), g), state.moments.momentum, decayed);
      return {
        params: mapTree((p, d) => tf.sub(p, tf.mul(d, learningRate)), params, direction),
        state: { updates: state.updates + 1, moments: momentum === 0 ? {} : { momentum: direction } },
      };
    });
  return {
    init: (params) => ({ updates: 0, moments: momentum === 0 ? {} : { momentum: zerosLikeTree(params) } }),
    update,
    advance: consuming(update),
  };
}
