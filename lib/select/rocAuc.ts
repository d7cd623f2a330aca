import { averageRanks, requireOrdered, requireSameLength } from "../core/statistics.js";
import { type Label, requireLabels } from "./labels.js";

/**
 * Area under the ROC curve: P(score of a positive > score of a negative), ties count half.
 *
 *     AUC = (Σ ranks of positives − P(P + 1)/2) / (P · N)      with average ranks, O(n log n)
 *
 * @param labels  1 or true = positive
 * @returns undefined when only one class is present
 * @throws RangeError on NaN, a label other than 0/1, or unequal lengths, with the index
 */
export function rocAuc(scores: readonly number[], labels: readonly Label[]): number | undefined {
  requireSameLength(scores, labels, "rocAuc");
  requireOrdered(scores, "rocAuc");
  requireLabels(labels, "rocAuc");
  const ranks = averageRanks(scores);
  let positives = 0;
  let rankSum = 0;
  labels.forEach((label, i) => {
    positives += Number(label);
    rankSum += Number(label) * ranks[i];
  });
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
