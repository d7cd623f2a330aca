import * as tf from "@tensorflow/tfjs-core";
import { type BilevelProblem, type Losses, weightedMean, weightedProblem } from "../bilevel/problem.js";
import { isSmall, times } from "../core/host.js";
import type { FeatureMatrix } from "../core/sparse.js";
import { type Params, valueAndGrads } from "../core/tree.js";
import type { SolutionBatch, StepBatch } from "../data/batch.js";
import { type Aggregation, aggregate } from "../loss/aggregate.js";
import { labelledStepsLoss, type LossTarget, outcomeLoss } from "../loss/objective.js";
import { type SolutionNumbers, upperLossAt } from "../loss/slopes.js";
import { type SlopedLosses, sloped, type StepLoss, stepLoss } from "../loss/step.js";
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

export interface PrmProblem<Input = FeatureMatrix> extends BilevelProblem<StepBatch<Input>, SolutionBatch<Input>> {
  /** the weights do not depend on what the model answers */
  readonly blindWeights: boolean;
}

/**
 * The bilevel problem of DreamPRM:
 *
 *     lower  (1/B) Σ_n w_n(α) · ℓ(V_φ(x_n), p_n)            upper  (1/B) Σ (σ(A(V_φ(steps))) − r)²
 *
 * DreamPRM (arXiv 2505.20241); both levels share one scoring path, which ends in logits.
 */
export function prmProblem<Input = FeatureMatrix>({
  prm,
  weighting,
  stepLoss: loss = "squaredError",
  aggregation = "logOddsMean",
  lossTarget = "+",
  metaLoss = "squaredError",
}: PrmProblemOptions<Input>): PrmProblem<Input> {
  const { names, vector, project, lazy } = weighting;
  const lossesOf = ({ logit_B, hidden_BH }: Answer, { target_B, factor_B }: StepBatch<Input>): Losses => {
    return shownWith(scaled(stepLoss(loss, logit_B, target_B), factor_B), logit_B, hidden_BH);
  };
  const shownWith = (loss_B: tf.Tensor1D, logit_B: tf.Tensor1D, hidden_BH?: tf.Tensor2D): Losses => {
    if (weighting.sees === undefined) return { loss_B };
    const shown = weighting.sees === "representation" && hidden_BH;
    return { loss_B, seen: { logit_B, loss_B, ...(shown && { hidden_BH: shown }) } };
  };
  const slopedLosses = (logit_B: tf.Tensor1D, { target_B, factor_B }: StepBatch<Input>): SlopedLosses => {
    const { loss_B, slope_B } = sloped(loss, logit_B, target_B);
    return { loss_B: scaled(loss_B, factor_B), slope_B: scaled(slope_B, factor_B) };
  };
  const answer = (phi: Params, batch: StepBatch<Input>) =>
    lossesOf(represented(prm, phi, batch.input, weighting), batch);
  const weightsOf = (alpha: Params, batch: StepBatch<Input>, seen: Params) =>
    weighting.apply(alpha, batch, seen as unknown as Seen);
  const { tangent, pullBack } = prm;
  const upperOfLogits = (logits: tf.Tensor1D, batch: SolutionBatch<Input>): tf.Scalar => {
    const { mask_BS, label_B } = batch;
    const logit_BS = arranged(logits, batch);
    if (lossTarget !== "steps") return outcomeLoss(lossTarget, aggregation, logit_BS, mask_BS, label_B, metaLoss);
    const { stepLabel_BS, labelled_BS } = requireStepLabels(batch);
    return labelledStepsLoss(logit_BS, stepLabel_BS, labelled_BS, metaLoss);
  };
  const blindWeights = weighting.sees === undefined;
  const shared = {
    init: (seed: number) => ({ phi: prm.init(seed), alpha: weighting.init(seed) }),
    upper: (phi: Params, _alpha: Params, batch: SolutionBatch<Input>) =>
      tf.tidy(() => upperOfLogits(prm.apply(phi, batch.input), batch)),
    upperGradient:
      pullBack &&
      ((phi: Params, batch: SolutionBatch<Input>) => {
        const { logit_B, gradient } = pullBack(phi, batch.input);
        if (isSmall(logit_B)) {
          const { value, slopes } = upperLossAt(
            lossTarget,
            aggregation,
            metaLoss,
            numbersOf(logit_B, batch, lossTarget),
          );
          return { value: tf.scalar(value), grads: gradient(tf.tensor1d([...slopes])) };
        }
        const { value, grads } = valueAndGrads(({ z }) => upperOfLogits(z as tf.Tensor1D, batch), { z: logit_B });
        return { value, grads: gradient(grads.z as tf.Tensor1D) };
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
    return { ...shared, lower, blindWeights };
  }
  const problem = weightedProblem<StepBatch<Input>, SolutionBatch<Input>>({
    ...shared,
    weighted: {
      losses: answer,
      weights: weightsOf,
      weightsPullBack: weighting.pullBack,
      pullBack:
        pullBack &&
        ((phi, batch) => {
          const { gradient, logit_B, hidden_BH } = pullBack(phi, batch.input);
          const { loss_B, slope_B } = slopedLosses(logit_B, batch);
          return {
            ...shownWith(loss_B, logit_B, hidden_BH),
            gradient: (cotangent_B) => gradient(times(cotangent_B, slope_B)),
          };
        }),
      directional:
        tangent &&
        ((phi, direction, batch) => {
          const { logit_B, tangent_B } = tangent(phi, direction, batch.input);
          const { loss_B, slope_B } = slopedLosses(logit_B, batch);
          const { seen } = weighting.sees === "representation" ? answer(phi, batch) : shownWith(loss_B, logit_B);
          return { products_B: times(slope_B, tangent_B), seen };
        }),
    },
  });
  return { ...problem, blindWeights };
}

function scaled(x_B: tf.Tensor1D, factor_B: tf.Tensor1D | undefined): tf.Tensor1D {
  return factor_B ? tf.mul(x_B, factor_B) : x_B;
}

interface Answer {
  readonly logit_B: tf.Tensor1D;
  readonly hidden_BH?: tf.Tensor2D;
}

function represented<Input>(prm: RewardModel<Input>, phi: Params, input: Input, { sees, kind }: Weighting): Answer {
  if (sees !== "representation") return { logit_B: prm.apply(phi, input) };
  if (prm.represent === undefined)
    throw new Error(`${kind} looks at a representation, which this reward model has not`);
  return prm.represent(phi, input);
}

/** @throws Error when step labels are to be compared and the batch has none */
function numbersOf(logit_B: tf.Tensor1D, batch: SolutionBatch<unknown>, target: LossTarget): SolutionNumbers {
  const { index_BS, mask_BS, label_B, stepLabel_BS, labelled_BS } = batch;
  if (target === "steps") requireStepLabels(batch);
  const mask = mask_BS.dataSync();
  return {
    ...{ logits: logit_B.dataSync(), mask, label: label_B.dataSync() },
    index: index_BS?.dataSync() ?? Array.from(mask, (_, i) => i),
    ...{ stepLabel: stepLabel_BS?.dataSync(), labelled: labelled_BS?.dataSync() },
  };
}

function requireStepLabels({ stepLabel_BS, labelled_BS }: SolutionBatch<unknown>) {
  if (stepLabel_BS && labelled_BS) return { stepLabel_BS, labelled_BS };
  throw new Error('the loss target "steps" needs meta batches with step labels');
}

type Arrangement = Pick<SolutionBatch<unknown>, "index_BS" | "mask_BS">;

/** Logits of a batch's steps as [B, S]; those of padding mean nothing. */
function arranged(logits: tf.Tensor1D, { index_BS, mask_BS }: Arrangement): tf.Tensor2D {
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
  return tf.tidy(() => aggregate(aggregation, arranged(prm.apply(phi, batch.input), batch), batch.mask_BS));
}
