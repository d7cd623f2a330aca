/** What learned data weights say, whatever learned them: [n] of domains or of rows, non-negative. */
import { spearman } from "../core/statistics.js";
import type { Label } from "./labels.js";
import { rocAuc } from "./rocAuc.js";

/**
 * Effective sample size, (Σw)² / Σw²: n for equal weights, 1 when one row has all the weight.
 *
 * Kish, Survey Sampling (1965).
 *
 * @returns undefined without weights, or when all are zero
 * @throws RangeError on a weight that is negative or not finite, with its index
 */
export function effectiveSampleSize(weights: readonly number[]): number | undefined {
  const scaled = scaledWeights(weights, "effectiveSampleSize");
  if (scaled === undefined) return undefined;
  return sum(scaled) ** 2 / sum(scaled.map((w) => w * w));
}

export interface WeightEvaluation {
  /** (Σw)² / Σw² */
  readonly effectiveSampleSize?: number;
  /** the same as a share of n, in [1/n, 1] */
  readonly effectiveShare?: number;
  /** max w / Σw, in [1/n, 1] */
  readonly largestShare?: number;
  /** share of the n weights that are exactly zero */
  readonly zeroShare?: number;
  /** Spearman correlation of the weights with the reference quality */
  readonly againstQuality?: number;
  /** P(a row with a right label weighs more than one with a wrong label), ties count half */
  readonly wrongLabelAuc?: number;
}

/**
 * How concentrated the weights are, whether they order the data by quality, and whether they find the wrong labels.
 * What is not defined is left out: everything without weights, the sizes when all weights are zero, the correlation when
 * one side is constant, the AUC when all labels are right or all wrong.
 *
 * @param weights          [n]
 * @param options.quality  reference quality, higher is better, [n]
 * @param options.labelRight  the training label agrees with the true label, [n]
 */
export function evaluateWeights(
  weights: readonly number[],
  { quality, labelRight }: { quality?: readonly number[]; labelRight?: readonly Label[] } = {},
): WeightEvaluation {
  const scaled = scaledWeights(weights, "evaluateWeights");
  const size = effectiveSampleSize(weights);
  const againstQuality = quality && spearman(weights, quality);
  const wrongLabelAuc = labelRight && rocAuc(weights, labelRight);
  return {
    ...(size !== undefined && { effectiveSampleSize: size, effectiveShare: size / weights.length }),
    ...(scaled && { largestShare: 1 / sum(scaled) }),
    ...(weights.length > 0 && { zeroShare: weights.filter((w) => w === 0).length / weights.length }),
    ...(againstQuality !== undefined && { againstQuality }),
    ...(wrongLabelAuc !== undefined && { wrongLabelAuc }),
  };
}

/** w / max w, so that no square overflows or vanishes; undefined when there is no positive weight. */
function scaledWeights(weights: readonly number[], name: string): number[] | undefined {
  const bad = weights.findIndex((w) => !(w >= 0 && w < Infinity));
  if (bad >= 0) {
    throw new RangeError(`${name}: weights[${bad}] is ${String(weights[bad])}; it must be finite and not negative`);
  }
  const greatest = weights.reduce((max, w) => Math.max(max, w), 0);
  return greatest === 0 ? undefined : weights.map((w) => w / greatest);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
