import * as tf from "@tensorflow/tfjs-core";
import type { Weighting } from "./weighting.js";

/** w = 1 for every sample: the vanilla PRM. */
export function uniform(): Weighting {
  return { kind: "uniform", init: () => ({}), apply: (_alpha, { domain_B }) => tf.ones(domain_B.shape) };
}
