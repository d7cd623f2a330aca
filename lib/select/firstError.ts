/**
 * First errors of solutions, as in ProcessBench (arXiv 2412.06559): the index of the first wrong step, −1 where there
 * is none.
 */
import { requireFinite, requireOrdered, requireSameLength } from "../core/statistics.js";
import { bestCut, type ChosenThreshold, type Event } from "./threshold.js";

/** The first step with score < threshold; −1 when there is none. */
export function predictedFirstError(scores: readonly number[], threshold: number): number {
  requireOrdered([threshold], "predictedFirstError: threshold");
  requireOrdered(scores, "predictedFirstError");
  return scores.findIndex((score) => score < threshold);
}

/**
 * The first step labelled wrong; −1 when all are right.
 * @returns undefined when a step before it is not labelled, so that the first error is not known
 */
export function labelledFirstError(labels: readonly (0 | 1 | null)[]): number | undefined {
  const first = labels.findIndex((label) => label !== 1);
  if (first < 0) return labels.length > 0 ? -1 : undefined;
  return labels[first] === 0 ? first : undefined;
}

export interface FirstErrorScore {
  /** harmonic mean of the two accuracies; undefined when one of them is */
  readonly f1: number | undefined;
  /** share of the solutions with an error whose first error is found exactly; undefined without such solutions */
  readonly erroneousAccuracy: number | undefined;
  /** share of the solutions without an error that are predicted to have none; undefined without such solutions */
  readonly correctAccuracy: number | undefined;
}

/**
 * F1 = 2ab / (a + b), a = accuracy on solutions with an error, b = accuracy on solutions without; 0 when both are 0.
 *
 * ProcessBench (arXiv 2412.06559).
 *
 * @param predicted  first errors, [N], −1 = none
 * @param labelled   the same by the labels
 */
export function firstErrorScore(predicted: readonly number[], labelled: readonly number[]): FirstErrorScore {
  requireSameLength(predicted, labelled, "firstErrorScore");
  requireIndices(predicted, "predicted");
  requireIndices(labelled, "labelled");
  const share = (own: (index: number) => boolean) => {
    const group = labelled.flatMap((index, n) => (own(index) ? [predicted[n] === index] : []));
    return group.length === 0 ? undefined : group.filter(Boolean).length / group.length;
  };
  const [erroneousAccuracy, correctAccuracy] = [share((index) => index >= 0), share((index) => index < 0)];
  return { f1: harmonicMean(erroneousAccuracy, correctAccuracy), erroneousAccuracy, correctAccuracy };
}

/** The step scores of one solution and its first error by the labels, −1 = none. */
export interface FirstErrorSample {
  readonly scores: readonly number[];
  readonly firstError: number;
}

/**
 * argmax over thresholds of ProcessBench's F1, on validation solutions; of equal values the lowest threshold.
 *
 * A solution without an error is predicted so while t ≤ min(scores); an error at e is found while
 * scores[e] < t ≤ min(scores before e): so one sweep over these ends finds the exact maximum. O(n log n)
 *
 * @returns undefined without solutions with an error, or without solutions free of errors
 */
export function chooseFirstErrorThreshold(samples: readonly FirstErrorSample[]): ChosenThreshold | undefined {
  const erroneous = samples.filter(({ firstError }) => firstError >= 0).length;
  const correct = samples.length - erroneous;
  let [found, cleared] = [0, correct];
  const events: Event[] = [];
  samples.forEach(({ scores, firstError }, n) => {
    requireFinite(scores, `chooseFirstErrorThreshold: sample ${n}`, 1);
    if (!Number.isInteger(firstError) || firstError < -1 || firstError >= scores.length) {
      throw new RangeError(
        `chooseFirstErrorThreshold: sample ${n} has first error ${firstError} in ${scores.length} steps`,
      );
    }
    const before = least(firstError < 0 ? scores : scores.slice(0, firstError));
    if (firstError < 0) events.push({ at: before, pass: () => cleared-- });
    else if (scores[firstError] < before) {
      events.push({ at: scores[firstError], pass: () => found++ });
      if (before < Infinity) events.push({ at: before, pass: () => found-- });
    }
  });
  events.sort((a, b) => a.at - b.at);
  if (erroneous === 0 || correct === 0) return undefined;
  return bestCut(events, () => harmonicMean(found / erroneous, cleared / correct));
}

function harmonicMean(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a + b === 0 ? 0 : (2 * a * b) / (a + b);
}

const least = (values: readonly number[]) => values.reduce((min, value) => Math.min(min, value), Infinity);

function requireIndices(indices: readonly number[], name: string): void {
  const bad = indices.findIndex((index) => !Number.isInteger(index) || index < -1);
  if (bad >= 0) throw new RangeError(`firstErrorScore: ${name}[${bad}] is ${String(indices[bad])}; it must be ≥ −1`);
}
