import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";
import { type BilevelProblem, weightedProblem } from "../bilevel/problem.js";
import type { SolutionBatch, StepBatch } from "../data/batch.js";
import { type Aggregation, aggregate } from "../loss/aggregate.js";
import { outcomeLoss } from "../loss/objective.js";
import { type StepLoss, stepLoss } from "../loss/step.js";
import type { Weighting } from "../weighting/weighting.js";
import type { RewardModel } from "./rewardModel.js";

export interface PrmProblemOptions<Input> {
  readonly prm: RewardModel<Input>;
  readonly weighting: Weighting;
  /** defaults to "squaredError" */
  readonly stepLoss?: StepLoss;
  /** defaults to "logOddsMean" */
  readonly aggregation?: Aggregation;
}

/**
 * The bilevel problem of DreamPRM:
 *
 *     lower  (1/B) Σ_n w_n(α) · ℓ(V_φ(x_n), p_n)            upper  (1/B) Σ (σ(A(V_φ(steps))) − r)²
 *
 * DreamPRM (arXiv 2505.20241); both levels share one scoring path, which ends in logits.
 */
export function prmProblem<Input = tf.Tensor2D>({
  prm,
  weighting,
  stepLoss: loss = "squaredError",
  aggregation = "logOddsMean",
}: PrmProblemOptions<Input>): BilevelProblem<StepBatch<Input>, SolutionBatch<Input>> {
  const { names, vector, project } = weighting;
  return weightedProblem({
    init: (seed) => ({ phi: prm.init(seed), alpha: weighting.init(seed) }),
    weighted: {
      losses: (phi, { input, target_B }) => stepLoss(loss, prm.apply(phi, input), target_B),
      weights: (alpha, batch) => weighting.apply(alpha, batch),
    },
    upper: (phi, _alpha, { input, mask_BS, label_B }) =>
      outcomeLoss(solutionLogits(prm, phi, input, mask_BS, aggregation), label_B),
    ...(names && vector && { weights: { names, vector } }),
    ...(project && { project }),
  });
}

/** Aggregated logits of whole solutions, [B]; σ of them are the scores that best-of-N compares. */
export function solutionLogits<Input>(
  prm: RewardModel<Input>,
  phi: Params,
  input: Input,
  mask_BS: tf.Tensor2D,
  aggregation: Aggregation,
): tf.Tensor1D {
  return tf.tidy(() => aggregate(aggregation, tf.reshape(prm.apply(phi, input), mask_BS.shape), mask_BS));
}
