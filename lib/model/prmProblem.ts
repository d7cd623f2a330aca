import * as tf from "@tensorflow/tfjs-core";
import { type BilevelProblem, type Losses, weightedMean, weightedProblem } from "../bilevel/problem.js";
import type { Params } from "../core/tree.js";
import type { SolutionBatch, StepBatch } from "../data/batch.js";
import { type Aggregation, aggregate } from "../loss/aggregate.js";
import { labelledStepsLoss, type LossTarget, outcomeLoss } from "../loss/objective.js";
import { type StepLoss, stepLoss, stepLossSlope } from "../loss/step.js";
import type { Seen, Weighting } from "../weighting/weighting.js";
import type { RewardModel } from "./rewardModel.js";

export interface PrmProblemOptions<Input> {
  readonly prm: RewardModel<Input>;
  readonly weighting: Weighting;
  /** defaults to "squaredError" */
  readonly stepLoss?: StepLoss;
  /** of the upper level; defaults to "logOddsMean" */
  readonly aggregation?: Aggregation;
  /** what the upper level compares; defaults to "+" */
  readonly lossTarget?: LossTarget;
  /** loss of the upper level; defaults to "squaredError" */
  readonly metaLoss?: StepLoss;
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
  lossTarget = "+",
  metaLoss = "squaredError",
}: PrmProblemOptions<Input>): BilevelProblem<StepBatch<Input>, SolutionBatch<Input>> {
  const { names, vector, project, lazy } = weighting;
  const answer = (phi: Params, { input, target_B, factor_B }: StepBatch<Input>): Losses => {
    const { logit_B, hidden_BH } = represented(prm, phi, input, weighting);
    const loss_B = scaled(stepLoss(loss, logit_B, target_B), factor_B);
    if (weighting.sees === undefined) return { loss_B };
    return { loss_B, seen: { logit_B, loss_B, ...(hidden_BH && { hidden_BH }) } };
  };
  const weightsOf = (alpha: Params, batch: StepBatch<Input>, seen: Params) =>
    weighting.apply(alpha, batch, seen as unknown as Seen);
  const { tangent } = prm;
  const shared = {
    init: (seed: number) => ({ phi: prm.init(seed), alpha: weighting.init(seed) }),
    upper: (phi: Params, _alpha: Params, batch: SolutionBatch<Input>) =>
      tf.tidy(() => {
        const { mask_BS, label_B, stepLabel_BS, labelled_BS } = batch;
        const logit_BS = stepLogits(prm, phi, batch);
        if (lossTarget === "steps") {
          if (!stepLabel_BS || !labelled_BS)
            throw new Error('the loss target "steps" needs meta batches with step labels');
          return labelledStepsLoss(logit_BS, stepLabel_BS, labelled_BS, metaLoss);
        }
        return outcomeLoss(lossTarget, aggregation, logit_BS, mask_BS, label_B, metaLoss);
      }),
    ...(names && vector && { weights: { names, vector } }),
    ...(project && { project }),
    ...(lazy !== undefined && { lazy: { name: lazy, rows: ({ row_B }: StepBatch<Input>) => row_B.dataSync() } }),
  };
  if (weighting.attached) {
    const lower = (phi: Params, alpha: Params, batch: StepBatch<Input>) =>
      tf.tidy(() => {
        const { loss_B, seen = {} } = answer(phi, batch);
        return weightedMean(loss_B, weightsOf(alpha, batch, seen));
      });
    return { ...shared, lower };
  }
  return weightedProblem({
    ...shared,
    weighted: {
      losses: answer,
      weights: weightsOf,
      directional:
        tangent &&
        ((phi, direction, { input, target_B, factor_B }) =>
          tf.tidy(() => {
            const { logit_B, tangent_B } = tangent(phi, direction, input);
            return tf.mul(scaled(stepLossSlope(loss, logit_B, target_B), factor_B), tangent_B);
          })),
    },
  });
}

function scaled(x_B: tf.Tensor1D, factor_B: tf.Tensor1D | undefined): tf.Tensor1D {
  return factor_B ? tf.mul(x_B, factor_B) : x_B;
}

function represented<Input>(
  prm: RewardModel<Input>,
  phi: Params,
  input: Input,
  { sees, kind }: Weighting,
): { logit_B: tf.Tensor1D; hidden_BH?: tf.Tensor2D } {
  if (sees !== "representation") return { logit_B: prm.apply(phi, input) };
  if (prm.represent === undefined)
    throw new Error(`${kind} looks at a representation, which this reward model has not`);
  return prm.represent(phi, input);
}

/** Logits of whole solutions' steps, [B, S]; those of padding mean nothing. */
export function stepLogits<Input>(
  prm: RewardModel<Input>,
  phi: Params,
  { input, index_BS, mask_BS }: Pick<SolutionBatch<Input>, "input" | "index_BS" | "mask_BS">,
): tf.Tensor2D {
  const logits = prm.apply(phi, input);
  if (index_BS === undefined) return tf.reshape<tf.Rank.R2>(logits, mask_BS.shape);
  return tf.gather<tf.Tensor>(logits, index_BS) as tf.Tensor2D;
}

/** Aggregated logits of whole solutions, [B]; σ of them are the scores that best-of-N compares. */
export function solutionLogits<Input>(
  prm: RewardModel<Input>,
  phi: Params,
  batch: Pick<SolutionBatch<Input>, "input" | "index_BS" | "mask_BS">,
  aggregation: Aggregation,
): tf.Tensor1D {
  return tf.tidy(() => aggregate(aggregation, stepLogits(prm, phi, batch), batch.mask_BS));
}
