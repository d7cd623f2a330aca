import * as tf from "@tensorflow/tfjs-core";
import { activate, type WeightActivation } from "./activation.js";
import { type Normalisation, normalise } from "./normalisation.js";
import type { Weighting } from "./weighting.js";

export interface PerSolutionOptions {
  /** A; defaults to sigmoid */
  readonly activation?: WeightActivation;
  /** defaults to 1 */
  readonly scale?: number;
  /** defaults to "none" */
  readonly normalise?: Normalisation;
}

/**
 * One weight per solution from a net that looks at steps: w_s = scale · A((1/S) Σ_i net(x_i)).
 *
 * DreamPRM-1.5's Instance Net: its output is averaged over the label positions of a training row, a whole solution,
 * before the activation. Batches must hold whole solutions (`unit: "solution"`), and every row the index of its solution
 * (`encodeSteps` with `instance: "solution"`).
 *
 * @param net  with activation "none", scale 1 and normalise "none"
 * @example
 * const weighting = perSolution(publishedInstanceNet({ activation: { activation: "none" } }));
 */
export function perSolution(
  net: Weighting,
  { activation = { activation: "sigmoid" }, scale = 1, normalise: kind = "none" }: PerSolutionOptions = {},
): Weighting {
  return {
    ...net,
    apply: (alpha, batch, seen) =>
      tf.tidy(() => {
        const raw_B = net.apply(alpha, batch, seen);
        const same_BB = tf.cast(tf.equal(tf.expandDims(batch.row_B, 1), tf.expandDims(batch.row_B, 0)), "float32");
        const sum_B = tf.squeeze<tf.Tensor1D>(tf.matMul(same_BB, tf.expandDims(raw_B, 1)), [1]);
        const weight_B = tf.mul<tf.Tensor1D>(activate(activation, tf.div(sum_B, tf.sum(same_BB, 1))), scale);
        return normalise(kind, weight_B, batch.target_B);
      }),
  };
}
