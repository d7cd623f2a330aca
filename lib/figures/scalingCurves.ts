import { bestOfKCurves, type BestOfKOptions } from "./bestOfK.js";
import type { Figure } from "./types.js";

/** A selector's accuracy over k, as an evaluation has it. */
export interface ScalingRow {
  readonly name: string;
  /** "bound" is drawn as the oracle */
  readonly kind: string;
  /** in the order of `ks`; those without one are left out */
  readonly curve?: readonly { readonly mean: number; readonly interval?: readonly [low: number, high: number] }[];
}

/**
 * `bestOfKCurves` of an evaluation's selectors, those for which k makes a difference.
 *
 * @throws RangeError as `bestOfKCurves`
 */
export function scalingCurves(
  { selectors, ks }: { readonly selectors: readonly ScalingRow[]; readonly ks: readonly { readonly k: number }[] },
  options: Omit<BestOfKOptions, "oracle"> = {},
): Figure {
  const oracle = selectors.find(({ kind }) => kind === "bound")?.name;
  return bestOfKCurves(
    selectors.flatMap(({ name, curve }) => {
      if (curve === undefined) return [];
      const intervals = curve.flatMap(({ interval }) => (interval ? [interval] : []));
      return {
        name,
        step: ks.map(({ k }) => k),
        value: curve.map(({ mean }) => mean),
        ...(intervals.length === curve.length && {
          interval: { low: intervals.map(([low]) => low), high: intervals.map(([, high]) => high) },
        }),
      };
    }),
    { ...options, ...(oracle !== undefined && { oracle }) },
  );
}
