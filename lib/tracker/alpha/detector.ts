import { ascendingOf } from "../../core/order.js";
import { firstNotFinite, requireWeights, rowOf } from "./rows.js";
import type { AlphaSeries } from "./series.js";

/**
 * Small weights as a detector of wrong labels: entries with a weight up to a threshold are called wrong. A point per
 * distinct weight, from (0, 0) for the threshold −∞ to (1, 1).
 */
export interface WrongLabelRoc {
  /** ascending, [P]; −∞ first */
  readonly threshold: Float64Array;
  /** share of the right entries called wrong, [P] */
  readonly falsePositiveRate: Float64Array;
  /** share of the wrong entries called wrong, [P] */
  readonly truePositiveRate: Float64Array;
  /** area under the curve: P(a wrong entry weighs less than a right one), ties count half */
  readonly auc: number;
}

/** A detector at each of T snapshots. */
export interface WrongLabelDetector {
  /** [T], ascending */
  readonly steps: readonly number[];
  /** [T], in [0, 1]; .5 is chance */
  readonly auc: Float64Array;
  /** of the last snapshot */
  readonly last: WrongLabelRoc;
}

/**
 * Which entries have a wrong label, told by their weight at each snapshot. O(T K).
 *
 * @param wrong  the entry's label is known to be wrong, 0/1 or booleans, [K] in the order of the names
 * @throws RangeError where all labels are right or all are wrong, one is no 0/1, or a weight is not finite
 * @example detectorCurve([{ name: "instance table", ...wrongLabelDetector(await record.weights(), wrong).last }])
 */
export function wrongLabelDetector(series: AlphaSeries, wrong: ArrayLike<number | boolean>): WrongLabelDetector {
  requireWeights(series, "wrongLabelDetector");
  const { steps } = series;
  const labels = checkedLabels(wrong, series.names.length);
  const last = roc(series.last(), labels);
  const before = steps.slice(0, -1).map((_, t) => roc(rowOf(series, t), labels).auc);
  return { steps, auc: Float64Array.of(...before, last.auc), last };
}

/**
 * The detector of one snapshot.
 *
 * @param weights  [K]
 * @param wrong    [K]
 * @throws as {@link wrongLabelDetector}
 */
export function wrongLabelRoc(weights: Float32Array, wrong: ArrayLike<number | boolean>): WrongLabelRoc {
  const bad = firstNotFinite(weights);
  if (bad >= 0) throw new RangeError(`wrongLabelRoc: weight ${bad} is ${weights[bad]}; weights are finite`);
  return roc(weights, checkedLabels(wrong, weights.length));
}

interface Labels {
  /** 1 = wrong, [K] */
  readonly wrong: Uint8Array;
  readonly wrongs: number;
}

/** The area by the trapezium rule, which counts ties half. */
function roc(weights: Float32Array, { wrong, wrongs }: Labels): WrongLabelRoc {
  const { order, values } = ascendingOf(weights);
  let points = 1;
  for (let i = 0; i < values.length; i++) if (i === 0 || values[i] !== values[i - 1]) points++;
  const threshold = new Float64Array(points).fill(-Infinity);
  const falsePositiveRate = new Float64Array(points);
  const truePositiveRate = new Float64Array(points);
  let [called, found, auc] = [0, 0, 0];
  for (let p = 1; p < points; p++) {
    const weight = values[called];
    for (; values[called] === weight; called++) found += wrong[order[called]];
    threshold[p] = weight;
    falsePositiveRate[p] = (called - found) / (wrong.length - wrongs);
    truePositiveRate[p] = found / wrongs;
    const width = falsePositiveRate[p] - falsePositiveRate[p - 1];
    auc += (width * (truePositiveRate[p] + truePositiveRate[p - 1])) / 2;
  }
  return { threshold, falsePositiveRate, truePositiveRate, auc };
}

function checkedLabels(given: ArrayLike<number | boolean>, entries: number): Labels {
  if (given.length !== entries) throw new RangeError(`wrongLabelRoc: ${given.length} labels for ${entries} weights`);
  const wrong = new Uint8Array(entries);
  let wrongs = 0;
  for (let k = 0; k < entries; k++) {
    wrong[k] = Number(given[k]);
    if (wrong[k] > 1 || wrong[k] !== Number(given[k])) {
      throw new RangeError(`wrongLabelRoc: label ${k} is ${String(given[k])}; give 0 or 1`);
    }
    wrongs += wrong[k];
  }
  if (wrongs === 0 || wrongs === entries) {
    throw new RangeError(`wrongLabelRoc: ${wrongs} of ${entries} labels are wrong; a detector needs both kinds`);
  }
  return { wrong, wrongs };
}
