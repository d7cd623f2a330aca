/**
 * Thresholds, chosen on validation data. Nothing here sees test data: call these functions on a validation split,
 * and pass on the number.
 */
import { ascending, requireFinite, requireSameLength } from "../core/statistics.js";
import type { Confusion } from "./confusion.js";
import { type Label, requireLabels } from "./labels.js";

export interface ChosenThreshold {
  /** −∞: everything counts as right; +∞: nothing does */
  readonly threshold: number;
  /** of the criterion, on the data on which the threshold was chosen */
  readonly value: number;
}

/**
 * argmax over thresholds t of criterion(counts of the decision score ≥ t), among −∞, the middles between neighbouring
 * scores, and +∞; of equal values the lowest threshold. O(n log n)
 *
 * @param scores     of the validation data
 * @param labels     1 or true = positive
 * @param criterion  for example `f1`, `accuracy` or `prmScore`
 * @returns undefined where the criterion is, for example with one class only
 * @throws RangeError on a score that is not finite, a label other than 0/1, or unequal lengths
 */
export function chooseThreshold(
  scores: readonly number[],
  labels: readonly Label[],
  criterion: (confusion: Confusion) => number | undefined,
): ChosenThreshold | undefined {
  requireSameLength(scores, labels, "chooseThreshold");
  requireFinite(scores, "chooseThreshold");
  requireLabels(labels, "chooseThreshold");
  const positives = labels.filter(Boolean).length;
  let [falseNegative, trueNegative] = [0, 0];
  const value = () =>
    criterion({
      truePositive: positives - falseNegative,
      falsePositive: labels.length - positives - trueNegative,
      trueNegative,
      falseNegative,
    });
  return bestCut(
    ascending(scores).map((i) => ({
      at: scores[i],
      pass: () => {
        if (labels[i]) falseNegative++;
        else trueNegative++;
      },
    })),
    value,
  );
}

/** A number that the rising threshold passes, and what changes when it has. */
export interface Event {
  readonly at: number;
  readonly pass: () => void;
}

/**
 * The cut with the greatest value, where the value changes only when the cut rises above an event.
 * @param events  finite, in ascending order
 * @param value   of the present state, in which no event has been passed at first
 */
export function bestCut(events: readonly Event[], value: () => number | undefined): ChosenThreshold | undefined {
  let best: ChosenThreshold | undefined;
  const consider = (threshold: number) => {
    const found = value();
    if (found !== undefined && (best === undefined || found > best.value)) best = { threshold, value: found };
  };
  consider(-Infinity);
  events.forEach(({ at, pass }, i) => {
    pass();
    const next = i + 1 < events.length ? events[i + 1].at : Infinity;
    if (next > at) consider(cutBetween(at, next));
  });
  return best;
}

/** A number t with low < t ≤ high: their middle, or `high` where rounding leaves none between them. */
function cutBetween(low: number, high: number): number {
  const middle = low / 2 + high / 2;
  return low < middle && middle <= high ? middle : high;
}
