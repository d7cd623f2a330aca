import type * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";

/** What a weighting may look at: which domain and which training row every sample of the batch is. */
export interface WeightingBatch {
  /** index into the training set's domains, int32 [B] */
  readonly domain_B: tf.Tensor1D;
  /** index of the row in the training set, int32 [B] */
  readonly row_B: tf.Tensor1D;
}

/** Data weights as a function of α; one interface for domain tables, instance tables and instance nets. */
export interface Weighting {
  /** short name for records, such as "domain-table" */
  readonly kind: string;
  /** α at the start; no tensors when there is nothing to learn */
  readonly init: (seed: number) => Params;
  /** weight_B; differentiable in α */
  readonly apply: (alpha: Params, batch: WeightingBatch) => tf.Tensor1D;
  /** entries of the weight vector that is recorded over time, when there is one */
  readonly names?: readonly string[];
  /** the recorded weight vector, in the order of `names` */
  readonly vector?: (alpha: Params) => tf.Tensor1D;
  /** brings α back into its range after an upper update */
  readonly project?: (alpha: Params) => Params;
}
