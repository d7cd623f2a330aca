import type * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";

/** What a weighting may look at of a training row: what it is, whatever the model says about it. */
export interface WeightingBatch {
  /** index into the training set's domains, int32 [B] */
  readonly domain_B: tf.Tensor1D;
  /** index of the row in the training set, int32 [B] */
  readonly row_B: tf.Tensor1D;
  /** the soft label p, [B] */
  readonly target_B: tf.Tensor1D;
  /** number of the step in its solution, from 1, [B] */
  readonly step_B?: tf.Tensor1D;
  /** steps of the row's solution, as far as the training set knows them, [B] */
  readonly steps_B?: tf.Tensor1D;
}

/** What a weighting may look at of the model's answer. */
export interface Seen {
  readonly logit_B: tf.Tensor1D;
  readonly loss_B: tf.Tensor1D;
  /** present when the weighting asks for it */
  readonly hidden_BH?: tf.Tensor2D;
}

/** Data weights as a function of α; one interface for domain tables, instance tables and instance nets. */
export interface Weighting {
  /** short name for records, such as "domain-table" */
  readonly kind: string;
  /** α at the start; no tensors when there is nothing to learn */
  readonly init: (seed: number) => Params;
  /** weight_B; differentiable in α. `seen` is there when `sees` says so */
  readonly apply: (alpha: Params, batch: WeightingBatch, seen?: Seen) => tf.Tensor1D;
  /** ∇_α Σ_n c_n w_n(α) written out, of weights that do not look at the model's answer; values alone */
  readonly pullBack?: (alpha: Params, batch: WeightingBatch, cotangent_B: tf.Tensor1D) => Params;
  /** the weights depend on the model's answer, "representation": also on its hidden representation */
  readonly sees?: "answer" | "representation";
  /** φ feels how the weights depend on its answer, as in the published Instance Net; defaults to false */
  readonly attached?: boolean;
  /** the tensor of α that has an entry per training row, when `apply` is to see the batch's entries, [B], alone */
  readonly lazy?: string;
  /** entries of the weight vector that is recorded over time, when there is one */
  readonly names?: readonly string[];
  /** the recorded weight vector, in the order of `names` */
  readonly vector?: (alpha: Params) => tf.Tensor1D;
  /** brings α back into its range after an upper update */
  readonly project?: (alpha: Params) => Params;
}
