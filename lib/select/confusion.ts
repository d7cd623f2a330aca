/**
 * Counts of a binary decision and what follows from them. Positive = right, as in PRMBench.
 *
 * One rule for 0/0: a metric is undefined where the labels hold nothing to find, and 0 where there was something to
 * find but nothing was predicted. So whether a metric exists depends on the labels alone, and two methods on the same
 * data are averaged over the same domains.
 */
import { requireOrdered, requireSameLength } from "../core/statistics.js";
import { type Label, requireLabels } from "./labels.js";

export interface Confusion {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly trueNegative: number;
  readonly falseNegative: number;
}

/**
 * Counts with the decision score ≥ threshold ⇒ positive.
 * @throws RangeError on NaN, a label other than 0/1, or unequal lengths, with the index
 */
export function confusionAt(threshold: number, scores: readonly number[], labels: readonly Label[]): Confusion {
  requireOrdered([threshold], "confusionAt: threshold");
  requireOrdered(scores, "confusionAt");
  return confusionOf(
    scores.map((score) => score >= threshold),
    labels,
  );
}

/** Counts of decisions against labels. */
export function confusionOf(predicted: readonly Label[], labels: readonly Label[]): Confusion {
  requireSameLength(predicted, labels, "confusionOf");
  requireLabels(predicted, "confusionOf: predicted");
  requireLabels(labels, "confusionOf");
  const count = (prediction: number, label: number) =>
    labels.filter((own, i) => Number(own) === label && Number(predicted[i]) === prediction).length;
  return {
    truePositive: count(1, 1),
    falsePositive: count(1, 0),
    trueNegative: count(0, 0),
    falseNegative: count(0, 1),
  };
}

/** The same counts with the classes exchanged: error detection instead of acceptance. */
export function negated({ truePositive, falsePositive, trueNegative, falseNegative }: Confusion): Confusion {
  return {
    truePositive: trueNegative,
    falsePositive: falseNegative,
    trueNegative: truePositive,
    falseNegative: falsePositive,
  };
}

/** (TP + TN) / n; undefined when n = 0. */
export function accuracy({ truePositive, falsePositive, trueNegative, falseNegative }: Confusion): number | undefined {
  const right = truePositive + trueNegative;
  const n = right + falsePositive + falseNegative;
  return n === 0 ? undefined : right / n;
}

/** TP / (TP + FP); 0 when nothing is predicted positive; undefined without positive labels. */
export function precision({ truePositive, falsePositive, falseNegative }: Confusion): number | undefined {
  if (truePositive + falseNegative === 0) return undefined;
  return truePositive === 0 ? 0 : truePositive / (truePositive + falsePositive);
}

/** TP / (TP + FN); undefined without positive labels. */
export function recall({ truePositive, falseNegative }: Confusion): number | undefined {
  const positives = truePositive + falseNegative;
  return positives === 0 ? undefined : truePositive / positives;
}

/** F1 = 2TP / (2TP + FP + FN), the harmonic mean of precision and recall; undefined without positive labels. */
export function f1({ truePositive, falsePositive, falseNegative }: Confusion): number | undefined {
  if (truePositive + falseNegative === 0) return undefined;
  return (2 * truePositive) / (2 * truePositive + falsePositive + falseNegative);
}

/**
 * PRMScore = ½ F1 + ½ F1_neg over steps, where F1 is of the right steps and F1_neg of the wrong ones.
 *
 * PRMBench (arXiv 2501.03124), its overall score.
 * Differs: where one class is missing the result is undefined; the published code puts −1 into the mean. It also
 * leaves the unmodified solutions out of the total; which solutions to score is the caller's choice here.
 */
export function prmScore(confusion: Confusion): number | undefined {
  const [right, wrong] = [f1(confusion), f1(negated(confusion))];
  return right === undefined || wrong === undefined ? undefined : 0.5 * right + 0.5 * wrong;
}

/**
 * Matthews correlation coefficient, (TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)), in [−1, 1].
 * @returns 0 when all predictions are alike; undefined when only one class is labelled
 */
export function matthews({ truePositive, falsePositive, trueNegative, falseNegative }: Confusion): number | undefined {
  const labelled = (truePositive + falseNegative) * (trueNegative + falsePositive);
  const predicted = (truePositive + falsePositive) * (trueNegative + falseNegative);
  if (labelled === 0) return undefined;
  if (predicted === 0) return 0;
  const product = truePositive * trueNegative - falsePositive * falseNegative;
  return product / Math.sqrt(labelled * predicted);
}
