/** Are the scores probabilities? Of the steps scored .8, 80 % should be right. */
import { ascending, requireSameLength } from "../core/statistics.js";
import { type Label, requireLabels, requireProbabilities } from "./labels.js";

/**
 * Brier score, Σ (score − label)² / n, in [0, 1]; 0 is best, ¼ is always saying ½.
 * @returns undefined without scores
 * @throws RangeError on a score outside [0, 1], a label other than 0/1, or unequal lengths, with the index
 */
export function brierScore(scores: readonly number[], labels: readonly Label[]): number | undefined {
  requireScoredLabels(scores, labels, "brierScore");
  if (scores.length === 0) return undefined;
  return scores.reduce((sum, score, i) => sum + (score - Number(labels[i])) ** 2, 0) / scores.length;
}

/** One point of a calibration curve; empty bins have none. */
export interface CalibrationBin {
  /** edges of the bin; with equal counts its least and greatest score */
  readonly low: number;
  readonly high: number;
  readonly count: number;
  readonly meanScore: number;
  /** share of its labels that are 1 */
  readonly shareRight: number;
}

export interface BinOptions {
  /** at most this many; defaults to 10 */
  readonly bins?: number;
  /** `"width"` (default): equal parts of [0, 1]; `"count"`: about equally many scores each */
  readonly equal?: "width" | "count";
}

/**
 * Mean score and share right in bins of the score, in ascending order, without empty bins.
 *
 * Equal width: bin ⌊score · bins⌋, and 1 in the last one. Equal counts: the sorted scores are cut after the
 * ⌊k n / bins⌉-th, k = 1, 2, …; equal scores stay in one bin, so that the order of the samples does not matter, and
 * there may be fewer bins.
 *
 * @param scores  in [0, 1], [n]
 * @param labels  1 or true = right, [n]
 */
export function calibrationCurve(
  scores: readonly number[],
  labels: readonly Label[],
  { bins = 10, equal = "width" }: BinOptions = {},
): CalibrationBin[] {
  requireScoredLabels(scores, labels, "calibrationCurve");
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`calibrationCurve: bins is ${bins}; it must be a positive integer`);
  }
  if (equal !== "width" && equal !== "count") {
    throw new RangeError(`calibrationCurve: equal is "${String(equal)}"; it must be "width" or "count"`);
  }
  const order = ascending(scores);
  const groups = equal === "width" ? ofEqualWidth(scores, order, bins) : ofEqualCount(scores, order, bins);
  return groups.map(({ members, low, high }) => ({
    low,
    high,
    count: members.length,
    meanScore: members.reduce((sum, i) => sum + scores[i], 0) / members.length,
    shareRight: members.filter((i) => labels[i]).length / members.length,
  }));
}

/**
 * Expected calibration error, Σ_b (n_b / n) · |mean score_b − share right_b|.
 *
 * Guo et al. (arXiv 1706.04599).
 * Differs: bins hold their left edge, not the right one; the score is that of the positive class, not of the prediction.
 *
 * @returns undefined without scores
 */
export function expectedCalibrationError(
  scores: readonly number[],
  labels: readonly Label[],
  options: BinOptions = {},
): number | undefined {
  const curve = calibrationCurve(scores, labels, options);
  if (curve.length === 0) return undefined;
  return curve.reduce((sum, bin) => sum + bin.count * Math.abs(bin.meanScore - bin.shareRight), 0) / scores.length;
}

interface Bin {
  readonly members: readonly number[];
  readonly low: number;
  readonly high: number;
}

function ofEqualWidth(scores: readonly number[], order: readonly number[], bins: number): Bin[] {
  const members = Array.from({ length: bins }, (): number[] => []);
  for (const i of order) members[Math.min(bins - 1, Math.floor(scores[i] * bins))].push(i);
  return members.flatMap((own, b) => (own.length > 0 ? [{ members: own, low: b / bins, high: (b + 1) / bins }] : []));
}

function ofEqualCount(scores: readonly number[], order: readonly number[], bins: number): Bin[] {
  const found: Bin[] = [];
  let start = 0;
  for (let k = 1; k <= bins; k++) {
    let end = Math.round((k * order.length) / bins);
    if (end <= start) continue;
    while (end < order.length && scores[order[end]] === scores[order[end - 1]]) end++;
    found.push({ members: order.slice(start, end), low: scores[order[start]], high: scores[order[end - 1]] });
    start = end;
  }
  return found;
}

function requireScoredLabels(scores: readonly number[], labels: readonly Label[], name: string): void {
  requireSameLength(scores, labels, name);
  requireProbabilities(scores, name);
  requireLabels(labels, name);
}
