import { mean } from "../core/statistics.js";
import { type BinOptions, brierScore, expectedCalibrationError } from "./calibration.js";
import { accuracy, confusionAt, f1, negated, precision, prmScore, recall } from "./confusion.js";
import { firstErrorScore, labelledFirstError, predictedFirstError } from "./firstError.js";
import { mrScoreParts } from "./mrScore.js";
import { rocAuc } from "./rocAuc.js";

/** What is measured of a PRM; all in [0, 1] but `solutionMcc`, and better when greater, but `brier` and `calibrationError`. */
export interface PrmMetrics {
  /** ROC-AUC of the step scores against the step labels */
  readonly stepAuc?: number;
  /** of the decision "step score ≥ threshold", right steps positive */
  readonly stepAccuracy?: number;
  readonly stepPrecision?: number;
  readonly stepRecall?: number;
  readonly stepF1?: number;
  /** F1 of the same decision with wrong steps positive */
  readonly stepErrorF1?: number;
  /** ½ stepF1 + ½ stepErrorF1 (PRMBench) */
  readonly prmScore?: number;
  /** of the step scores as probabilities */
  readonly brier?: number;
  readonly calibrationError?: number;
  /** harmonic mean of the next two (ProcessBench) */
  readonly firstErrorF1?: number;
  readonly firstErrorErroneousAccuracy?: number;
  readonly firstErrorCorrectAccuracy?: number;
  /** of "no step below the threshold" against the outcome, in [−1, 1] */
  readonly solutionMcc?: number;
  /** share of the solutions with a wrong outcome whose first error is found exactly */
  readonly errorStepAccuracy?: number;
  /** .4 · max(0, solutionMcc) + .6 · errorStepAccuracy: MR-Score without its reason part */
  readonly mrScoreWithoutReason?: number;
  /** ROC-AUC of the aggregated scores against the outcomes */
  readonly solutionAuc?: number;
}

export type PrmMetric = keyof PrmMetrics;

export interface Thresholds {
  /** a step with at least this score counts as right */
  readonly step?: number;
  /** the first step below it is the first error */
  readonly firstError?: number;
}

/** A solution with the scores of its steps, σ of their logits. */
export interface ScoredSolution {
  readonly domain: string;
  readonly correct: boolean;
  readonly scores: readonly number[];
  /** null where not labelled */
  readonly labels: readonly (0 | 1 | null)[];
  readonly solutionScore?: number;
}

/** The metrics of one group of solutions; those that are not defined on it, or lack a threshold, are left out. */
export function prmMetrics(
  solutions: readonly ScoredSolution[],
  { step, firstError }: Thresholds,
  bins: BinOptions,
): PrmMetrics {
  const { scores, labels } = labelledSteps(solutions);
  const aggregated = solutions.flatMap(({ solutionScore }) => (solutionScore === undefined ? [] : [solutionScore]));
  return defined({
    stepAuc: rocAuc(scores, labels),
    ...(step !== undefined && stepDecision(step, scores, labels)),
    brier: brierScore(scores, labels),
    calibrationError: expectedCalibrationError(scores, labels, bins),
    ...(firstError !== undefined && firstErrors(firstError, solutions)),
    solutionAuc:
      aggregated.length < solutions.length
        ? undefined
        : rocAuc(
            aggregated,
            solutions.map(({ correct }) => correct),
          ),
  });
}

/** Per metric the mean over the groups that have it. */
export function macroAverage(groups: readonly PrmMetrics[]): PrmMetrics {
  const names = [...new Set(groups.flatMap((group) => Object.keys(group) as PrmMetric[]))];
  return Object.fromEntries(names.map((name) => [name, mean(groups.flatMap((group) => group[name] ?? []))]));
}

/** Scores and labels of the steps that have a label. */
export function labelledSteps(solutions: readonly Pick<ScoredSolution, "scores" | "labels">[]): {
  scores: number[];
  labels: (0 | 1)[];
} {
  const pairs = solutions.flatMap(({ scores, labels }) =>
    labels.flatMap((label, i) => (label === null ? [] : [{ score: scores[i], label }])),
  );
  return { scores: pairs.map(({ score }) => score), labels: pairs.map(({ label }) => label) };
}

function stepDecision(threshold: number, scores: readonly number[], labels: readonly (0 | 1)[]) {
  const counts = confusionAt(threshold, scores, labels);
  return {
    stepAccuracy: accuracy(counts),
    stepPrecision: precision(counts),
    stepRecall: recall(counts),
    stepF1: f1(counts),
    stepErrorF1: f1(negated(counts)),
    prmScore: prmScore(counts),
  };
}

function firstErrors(threshold: number, solutions: readonly ScoredSolution[]) {
  const predicted = solutions.map(({ scores }) => predictedFirstError(scores, threshold));
  const labelled = solutions.map(({ labels }) => labelledFirstError(labels));
  const known = labelled.flatMap((index, n) => (index === undefined ? [] : [{ index, predicted: predicted[n] }]));
  const score = firstErrorScore(
    known.map((k) => k.predicted),
    known.map(({ index }) => index),
  );
  return {
    firstErrorF1: score.f1,
    firstErrorErroneousAccuracy: score.erroneousAccuracy,
    firstErrorCorrectAccuracy: score.correctAccuracy,
    ...mrScoreParts(
      predicted,
      labelled,
      solutions.map(({ correct }) => correct),
    ),
  };
}

function defined(metrics: { readonly [name in PrmMetric]?: number | undefined }): PrmMetrics {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== undefined));
}
