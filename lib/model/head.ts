import * as tf from "@tensorflow/tfjs-core";
import { random } from "../core/random.js";
import type { RewardModel } from "./rewardModel.js";

/**
 * logit = x·W + b.
 *
 * φ: `head/weight` [F, 1], `head/bias` [1].
 *
 * @param features  F
 */
export function linearHead({ features }: { features: number }): RewardModel {
  return {
    init: (seed) => linear("head", features, 1, seed),
    apply: (phi, x_BF) => tf.tidy(() => tf.squeeze(affine(x_BF, phi, "head"), [1])),
  };
}

const activations = { tanh: tf.tanh, relu: tf.relu } as const;

/**
 * logit = f(x·W₁ + b₁)·W₂ + b₂.
 *
 * φ: `l1/weight` [F, H], `l1/bias` [H], `l2/weight` [H, 1], `l2/bias` [1]; uniform in ±1/√fan-in, as in PyTorch.
 * Differs from PyTorch's layout: weights are [in, out], so that the forward product needs no transpose.
 *
 * @param features    F
 * @param hidden      H, defaults to 64
 * @param activation  f, defaults to tanh
 */
export function mlpHead({
  features,
  hidden = 64,
  activation = "tanh",
}: {
  features: number;
  hidden?: number;
  activation?: keyof typeof activations;
}): RewardModel {
  return {
    init: (seed) => ({ ...linear("l1", features, hidden, seed), ...linear("l2", hidden, 1, seed) }),
    apply: (phi, x_BF) =>
      tf.tidy(() => {
        const hidden_BH = activations[activation](affine(x_BF, phi, "l1"));
        return tf.squeeze(affine(hidden_BH, phi, "l2"), [1]);
      }),
  };
}

function affine(x: tf.Tensor2D, phi: Record<string, tf.Tensor>, name: string): tf.Tensor2D {
  return tf.add(tf.matMul(x, phi[`${name}/weight`] as tf.Tensor2D), phi[`${name}/bias`]);
}

function linear(name: string, inputs: number, outputs: number, seed: number): Record<string, tf.Tensor> {
  const stream = random(seed).fork(name);
  const bound = 1 / Math.sqrt(inputs);
  const draw = (size: number) => Float32Array.from({ length: size }, () => bound * (2 * stream.next() - 1));
  return {
    [`${name}/weight`]: tf.tensor2d(draw(inputs * outputs), [inputs, outputs]),
    [`${name}/bias`]: tf.tensor1d(draw(outputs)),
  };
}
