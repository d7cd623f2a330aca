import * as tf from "@tensorflow/tfjs-core";
import { tanhGradient } from "../core/outputGradients.js";
import { type FeatureMatrix, featureProduct, transposedFeatureProduct } from "../core/sparse.js";
import { random } from "../core/random.js";
import type { Params } from "../core/tree.js";
import * as twice from "../core/twice.js";
import { fusedHead } from "./fusedHead.js";
import type { RewardModel } from "./rewardModel.js";

/**
 * logit = x·W + b.
 *
 * φ: `head/weight` [F, 1], `head/bias` [1].
 *
 * @param features  F
 */
export function linearHead({ features }: { features: number }): RewardModel {
  const apply: RewardModel["apply"] = (phi, x_BF) => tf.tidy(() => tf.squeeze(affine(x_BF, phi, "head"), [1]));
  return {
    init: (seed) => linear("head", features, 1, seed),
    apply,
    pullBack: (phi, x_BF) => ({
      logit_B: apply(phi, x_BF),
      gradient: (cotangent_B) => affineGradient("head", x_BF, tf.expandDims(cotangent_B, 1)),
    }),
    tangent: (phi, direction, x_BF) => ({ logit_B: apply(phi, x_BF), tangent_B: apply(direction, x_BF) }),
  };
}

/** f, and dy·f′ as a function of y = f(x) and dy */
const activations = {
  tanh: { f: twice.tanh, timesSlope: tanhGradient },
  relu: { f: tf.relu, timesSlope: <T extends tf.Tensor>(y: T, dy: T) => tf.mul<T>(dy, tf.step(y)) },
} as const;

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
  const { f, timesSlope } = activations[activation];
  const fused = (phi: Params, x_BF: FeatureMatrix) => fusedHead(activation, phi, x_BF);
  const composed = (phi: Params, x_BF: FeatureMatrix) => {
    const hidden_BH = f<tf.Tensor2D>(affine(x_BF, phi, "l1"));
    return { logit_B: tf.squeeze<tf.Tensor1D>(affine(hidden_BH, phi, "l2"), [1]), hidden_BH };
  };
  const represent = (phi: Params, x_BF: FeatureMatrix) => {
    const { logit_B, hidden_BH } = fused(phi, x_BF) ?? composed(phi, x_BF);
    return { logit_B, hidden_BH };
  };
  return {
    init: (seed) => ({ ...linear("l1", features, hidden, seed), ...linear("l2", hidden, 1, seed) }),
    apply: (phi, x_BF) => tf.tidy(() => represent(phi, x_BF).logit_B),
    represent: (phi, x_BF) => tf.tidy(() => represent(phi, x_BF)),
    pullBack: (phi, x_BF) => {
      const own = fused(phi, x_BF);
      if (own) return own;
      const { logit_B, hidden_BH } = composed(phi, x_BF);
      const gradient = (cotangent_B: tf.Tensor1D) => {
        const cotangent_B1 = tf.expandDims<tf.Tensor2D>(cotangent_B, 1);
        const ofHidden_BH = tf.mul<tf.Tensor2D>(cotangent_B1, tf.reshape(phi["l2/weight"], [1, hidden]));
        const ofAffine_BH = timesSlope(hidden_BH, ofHidden_BH);
        return { ...affineGradient("l1", x_BF, ofAffine_BH), ...affineGradient("l2", hidden_BH, cotangent_B1) };
      };
      return { logit_B, hidden_BH, gradient };
    },
    tangent: (phi, direction, x_BF) =>
      tf.tidy(() => {
        const own = fused(phi, x_BF);
        if (own) return { logit_B: own.logit_B, tangent_B: own.tangent(direction) };
        const { logit_B, hidden_BH } = composed(phi, x_BF);
        const hiddenTangent_BH = timesSlope(hidden_BH, affine(x_BF, direction, "l1"));
        const throughHidden = tf.matMul(hiddenTangent_BH, phi["l2/weight"]);
        const tangent_B1 = tf.add(throughHidden, affine(hidden_BH, direction, "l2"));
        return { logit_B, tangent_B: tf.squeeze<tf.Tensor1D>(tangent_B1, [1]) };
      }),
  };
}

function affine(x: FeatureMatrix, phi: Params, name: string): tf.Tensor2D {
  return tf.add(featureProduct(x, phi[`${name}/weight`] as tf.Tensor2D), phi[`${name}/bias`]);
}

/** The gradient of Σ ⟨cotangent_n, x_n·W + b⟩ in W and b. */
function affineGradient(name: string, x_BF: FeatureMatrix, cotangent_BO: tf.Tensor2D): Params {
  return {
    [`${name}/weight`]: transposedFeatureProduct(x_BF, cotangent_BO),
    [`${name}/bias`]: tf.sum(cotangent_BO, 0),
  };
}

function linear(name: string, inputs: number, outputs: number, seed: number): Params {
  const stream = random(seed).fork(name);
  const bound = 1 / Math.sqrt(inputs);
  const draw = (size: number) => Float32Array.from({ length: size }, () => bound * (2 * stream.next() - 1));
  return {
    [`${name}/weight`]: tf.tensor2d(draw(inputs * outputs), [inputs, outputs]),
    [`${name}/bias`]: tf.tensor1d(draw(outputs)),
  };
}
