import { requireSameLength } from "../core/statistics.js";
import { confusionOf, matthews } from "./confusion.js";
import type { Label } from "./labels.js";

export interface MrScoreParts {
  /** Matthews correlation of "no error predicted" with "the solution is right", not clamped */
  readonly solutionMcc: number | undefined;
  /** share of the wrong solutions whose first error is found exactly */
  readonly errorStepAccuracy: number | undefined;
  /** .4 · max(0, MCC) + .6 · accuracy of the error step; undefined when one of them is */
  readonly mrScoreWithoutReason: number | undefined;
}

/**
 * The parts of MR-Score that need no text:
 *
 *     MR-Score = .2 · max(0, MCC) + .3 · ACC_step + .5 · ACC_reason
 *     here       (.2 · max(0, MCC) + .3 · ACC_step) / (.2 + .3)
 *
 * MR-Ben (arXiv 2406.13975).
 * Differs: a PRM gives no reason for an error, so ACC_reason is left out and the other weights are scaled to sum 1; the
 * result is **not comparable with published MR-Scores**, hence its name. Wrong solutions whose first error is not
 * labelled, or in which every step is labelled right, do not count for the error step.
 *
 * @param predicted  first errors, [N], −1 = none; a solution is predicted to be right when it has none
 * @param labelled   the same by the labels, undefined where not known
 * @param correct    the solution is right, [N]
 */
export function mrScoreParts(
  predicted: readonly number[],
  labelled: readonly (number | undefined)[],
  correct: readonly Label[],
): MrScoreParts {
  requireSameLength(predicted, correct, "mrScoreParts");
  requireSameLength(labelled, correct, "mrScoreParts");
  const solutionMcc = matthews(
    confusionOf(
      predicted.map((index) => index < 0),
      correct,
    ),
  );
  const found = labelled.flatMap((index, n) =>
    !correct[n] && index !== undefined && index >= 0 ? [predicted[n] === index] : [],
  );
  const errorStepAccuracy = found.length === 0 ? undefined : found.filter(Boolean).length / found.length;
  return {
    solutionMcc,
    errorStepAccuracy,
    mrScoreWithoutReason:
      solutionMcc === undefined || errorStepAccuracy === undefined
        ? undefined
        : (0.2 * Math.max(0, solutionMcc) + 0.3 * errorStepAccuracy) / (0.2 + 0.3),
  };
}
