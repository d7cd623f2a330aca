import * as tf from "@tensorflow/tfjs-core";
import { type BilevelProblem, weightedProblem } from "../bilevel/problem.js";
import type { FeatureMatrix } from "../core/sparse.js";
import type { Params } from "../core/tree.js";
import { detached } from "../core/twice.js";
import type { StepBatch } from "../data/batch.js";
import { type StepLoss, stepLoss } from "../loss/step.js";
import type { RewardModel } from "./rewardModel.js";

/** Training rows with the losses of a reference model on them. */
export interface ReferenceBatch<Input = FeatureMatrix> extends StepBatch<Input> {
  readonly referenceLoss_B: tf.Tensor1D;
}

type Problem<Input> = BilevelProblem<StepBatch<Input>, ReferenceBatch<Input>>;

/** The problem with its weights, which always have names. */
export type Doremi<Input> = Problem<Input> & { readonly weights: NonNullable<Problem<Input>["weights"]> };

/**
 * DoReMi-style domain weights without a meta set: the domains on which the model is still worse than a reference model
 * gain weight by exponentiated gradient,
 *
 *     w_k ∝ w_k · exp(η λ_k),   λ_k = max(0, mean over the batch's rows of domain k of ℓ_n(φ) − ℓ_n(reference)).
 *
 * Xie et al., arXiv 2305.10429, algorithm 1: the upper level as SGD of rate η on the logarithms of the weights. α is
 * `{ raw }`, [K]; w = K · ((1 − c) softmax(raw) + c/K), so that the mean is 1. The weights to train with are the mean
 * over the iterations. Solve with the hypergradient `dot`, whose vector is zero here.
 * Differs: excess losses of steps instead of tokens.
 *
 * @param domains    names in the order of `domain_B`'s indices
 * @param smoothing  c, defaults to 1e-3
 */
export function doremiProblem<Input = FeatureMatrix>({
  prm,
  domains,
  stepLoss: kind = "squaredError",
  smoothing = 1e-3,
}: {
  readonly prm: RewardModel<Input>;
  readonly domains: readonly string[];
  readonly stepLoss?: StepLoss;
  readonly smoothing?: number;
}): Doremi<Input> {
  const count = domains.length;
  const vector = ({ raw }: Params) =>
    tf.tidy(() => tf.add<tf.Tensor1D>(tf.mul(count * (1 - smoothing), tf.softmax(raw)), smoothing));
  const losses = (phi: Params, { input, target_B }: StepBatch<Input>) => ({
    loss_B: stepLoss(kind, prm.apply(phi, input), target_B),
  });
  const problem = weightedProblem<StepBatch<Input>, ReferenceBatch<Input>>({
    init: (seed) => ({ phi: prm.init(seed), alpha: { raw: tf.zeros([count]) } }),
    weighted: {
      losses,
      weights: (alpha, { domain_B }) => tf.tidy(() => tf.gather(vector(alpha), domain_B)),
    },
    upper: (phi, { raw }, batch) =>
      tf.tidy(() => {
        const excess_K = detached(() => excess(losses(phi, batch).loss_B, batch, count));
        return tf.neg(tf.sum<tf.Scalar>(tf.mul(raw, excess_K)));
      }),
  });
  return { ...problem, weights: { names: domains, vector } };
}

/** λ, [K]; 0 for a domain that the batch does not hold */
function excess<Input>(loss_B: tf.Tensor1D, { referenceLoss_B, domain_B }: ReferenceBatch<Input>, count: number) {
  const member_BK = tf.gather(tf.eye(count), domain_B);
  const sum_K = tf.sum(tf.mul(member_BK, tf.expandDims(tf.sub(loss_B, referenceLoss_B), 1)), 0);
  return tf.relu(tf.div(sum_K, tf.maximum(1, tf.sum(member_BK, 0)))) as tf.Tensor1D;
}
