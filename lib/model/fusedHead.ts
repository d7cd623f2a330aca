import * as tf from "@tensorflow/tfjs-core";
import { nativeKernels } from "../core/nativeKernels.js";
import { type FeatureMatrix, requireFit, sparseInputs } from "../core/sparse.js";
import type { Params } from "../core/tree.js";

/** What `mlpHead` computes, as values: no gradient passes through it. */
export interface FusedHead {
  readonly logit_B: tf.Tensor1D;
  readonly hidden_BH: tf.Tensor2D;
  /** of Σ cotangent · logit in φ */
  readonly gradient: (cotangent_B: tf.Tensor1D) => Params;
  /** of the logits along a direction in φ */
  readonly tangent: (direction: Params) => tf.Tensor1D;
}

const NAMES = ["l1/weight", "l1/bias", "l2/weight", "l2/bias"] as const;

/**
 * `mlpHead` on sparse features by one native operation per pass. Undefined where there is none, and while a gradient is
 * being recorded.
 */
export function fusedHead(f: "tanh" | "relu", phi: Params, x_BF: FeatureMatrix): FusedHead | undefined {
  const kernels = nativeKernels();
  if (kernels === undefined || x_BF instanceof tf.Tensor) return undefined;
  const name = f === "tanh" ? "TanhHead" : "ReluHead";
  const x = sparseInputs(x_BF);
  const ordered = (tree: Params) => NAMES.map((name) => tree[name]);
  const [w1, , w2] = ordered(phi);
  requireFit(x_BF, w1, false);
  const [hidden_BH, logit_B] = kernels(name, [...x, ...ordered(phi)], 2);
  return {
    logit_B: logit_B as tf.Tensor1D,
    hidden_BH: hidden_BH as tf.Tensor2D,
    gradient: (cotangent_B) => {
      const gradients = kernels(`${name}Gradient`, [...x, hidden_BH, w1, w2, cotangent_B], 4);
      return Object.fromEntries(NAMES.map((name, i) => [name, gradients[i]]));
    },
    tangent: (direction) =>
      kernels(`${name}Tangent`, [...x, hidden_BH, w2, ...ordered(direction)], 1)[0] as tf.Tensor1D,
  };
}
