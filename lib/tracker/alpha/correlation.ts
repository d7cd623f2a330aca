import { ascendingOf, correlationOf, ranksOf } from "../../core/order.js";
import { averageRanks, requireFinite, requireSameLength } from "../../core/statistics.js";
import { requireWeights, rowOf } from "./rows.js";
import type { AlphaSeries } from "./series.js";

/** Correlation of K weights with a reference at each of T snapshots; undefined where the weights are all alike. */
export interface AlphaCorrelation {
  /** [T], ascending */
  readonly steps: readonly number[];
  /** [T], in [−1, 1] */
  readonly pearson: readonly (number | undefined)[];
  /** [T], in [−1, 1] */
  readonly spearman: readonly (number | undefined)[];
}

/**
 * Do the weights come to agree with something known of the entries, such as planted quality or the rate of wrong labels?
 *
 * @param reference  a number per entry, [K] in the order of the names, or by name
 * @throws RangeError naming an entry without a finite reference, no snapshot, or a weight that is not finite
 * @example alphaCorrelation(await record.weights(), { clean: 1, noisy: 0.2 }).spearman.at(-1)
 */
export function alphaCorrelation(
  series: AlphaSeries,
  reference: ArrayLike<number> | Readonly<Record<string, number>>,
): AlphaCorrelation {
  requireWeights(series, "alphaCorrelation");
  const { steps, names } = series;
  const known = isList(reference) ? Array.from(reference) : names.map((name) => valueOf(reference, name));
  requireSameLength(names, known, "alphaCorrelation: weights and reference");
  requireFinite(known, "alphaCorrelation: reference");
  const knownRanks = averageRanks(known);
  const rows = steps.map((_, t) => rowOf(series, t));
  return {
    steps,
    pearson: rows.map((row) => correlationOf(row, known)),
    spearman: rows.map((row) => correlationOf(ranksOf(ascendingOf(row)), knownRanks)),
  };
}

const isList = (reference: ArrayLike<number> | Readonly<Record<string, number>>): reference is ArrayLike<number> =>
  Array.isArray(reference) || ArrayBuffer.isView(reference);

function valueOf(reference: Readonly<Record<string, number>>, name: string): number {
  if (!Object.hasOwn(reference, name))
    throw new RangeError(`alphaCorrelation: the reference has no value for "${name}"`);
  return reference[name];
}
