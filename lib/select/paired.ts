/**
 * Two methods on the same seeds (or questions): value by value differences, so that what the seeds have in common
 * cancels.
 */
import { random } from "../core/random.js";
import { mean, requireFinite, requireSameLength, std } from "../core/statistics.js";
import { bootstrapInterval } from "./bootstrap.js";
import { meanInterval } from "./studentT.js";

/** Up to this many differences all 2ⁿ sign patterns are enumerated. */
const EXACT = 16;

export interface SignFlipTest {
  readonly pValue: number;
  /** all 2ⁿ sign patterns were counted; else a seeded sample of them */
  readonly exact: boolean;
}

/**
 * Paired sign-flip permutation test of "no difference": under it every sign of the differences is equally likely.
 *
 *     p = #{ s ∈ {−1, 1}ⁿ : |Σ sᵢdᵢ| ≥ |Σ dᵢ| } / 2ⁿ          ("greater": Σ sᵢdᵢ ≥ Σ dᵢ)
 *
 * Exact for n ≤ 16. Above, with R random patterns, p = (1 + hits) / (1 + R) (Phipson & Smyth, 2010). The smallest
 * possible two-sided p is 2 / 2ⁿ: .25 with three seeds, .0625 with five, so six are needed for p < .05.
 *
 * @param differences    a − b, pair by pair, [n]
 * @param options.alternative  `"two-sided"` (default), or `"greater"`: a > b
 * @param options.patterns     R; defaults to 10,000
 * @throws RangeError without differences, or on one that is not finite
 */
export function signFlipTest(
  differences: readonly number[],
  {
    seed,
    alternative = "two-sided",
    patterns = 10_000,
  }: { seed: number; alternative?: "two-sided" | "greater"; patterns?: number },
): SignFlipTest {
  requireFinite(differences, "signFlipTest", 1);
  if (alternative !== "two-sided" && alternative !== "greater") {
    throw new RangeError(`signFlipTest: alternative is "${String(alternative)}"; it must be "two-sided" or "greater"`);
  }
  if (!Number.isInteger(patterns) || patterns < 1) {
    throw new RangeError(`signFlipTest: patterns is ${patterns}; it must be a positive integer`);
  }
  const statistic = alternative === "two-sided" ? Math.abs : (sum: number) => sum;
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  // sums that are equal on paper must count as equal after rounding
  const least = statistic(total(differences)) - 1e-12 * total(differences.map(Math.abs));
  if (differences.length <= EXACT) {
    const count = (i: number, sum: number): number => {
      if (i === differences.length) return statistic(sum) >= least ? 1 : 0;
      return count(i + 1, sum + differences[i]) + count(i + 1, sum - differences[i]);
    };
    return { pValue: count(0, 0) / 2 ** differences.length, exact: true };
  }
  const draw = random(seed);
  let hits = 0;
  for (let r = 0; r < patterns; r++) {
    if (statistic(total(differences.map((d) => (draw.next() < 0.5 ? -d : d)))) >= least) hits++;
  }
  return { pValue: (1 + hits) / (1 + patterns), exact: false };
}

export interface PairedDifference {
  /** a − b, pair by pair */
  readonly differences: readonly number[];
  readonly mean: number;
  /** sample standard deviation of the differences; left out for one pair */
  readonly std?: number;
  /** percentile bootstrap over pairs */
  readonly bootstrap: readonly [low: number, high: number];
  /** Student-t interval of the mean difference; left out for one pair */
  readonly studentT?: readonly [low: number, high: number];
  /** two-sided */
  readonly signFlip: SignFlipTest;
}

/**
 * Mean of a − b with its intervals and sign-flip test.
 *
 * @param a  a method's values, by seed, [n]
 * @param b  the other's, of the same seeds in the same order, [n]
 * @param options.seed       of the bootstrap, and of the sign patterns above 16 pairs
 * @param options.level      of both intervals; defaults to .95
 * @param options.resamples  of the bootstrap; defaults to 2,000
 */
export function pairedDifference(
  a: readonly number[],
  b: readonly number[],
  { seed, level = 0.95, resamples = 2000 }: { seed: number; level?: number; resamples?: number },
): PairedDifference {
  requireSameLength(a, b, "pairedDifference");
  requireFinite(a, "pairedDifference", 1);
  requireFinite(b, "pairedDifference");
  const differences = a.map((value, i) => value - b[i]);
  const [deviation, studentT] = [std(differences), meanInterval(differences, { level })];
  return {
    differences,
    mean: mean(differences),
    ...(deviation !== undefined && { std: deviation }),
    bootstrap: bootstrapInterval(differences, { seed, level, resamples }),
    ...(studentT && { studentT }),
    signFlip: signFlipTest(differences, { seed }),
  };
}

export interface HeadroomClosed {
  /** undefined for a seed whose clean labels are no better than its vanilla training */
  readonly bySeed: readonly (number | undefined)[];
  /** ratio of the mean differences, which no single seed with little headroom can blow up */
  readonly ofMeans: number | undefined;
}

/**
 * Share of the headroom that a method closes, (method − vanilla) / (clean − vanilla): 0 = vanilla training,
 * 1 = training on clean labels.
 *
 * @param method   [n], higher is better
 * @param vanilla  of the same seeds in the same order, [n]
 * @param clean    the upper bound, [n]
 */
export function headroomClosed(
  method: readonly number[],
  vanilla: readonly number[],
  clean: readonly number[],
): HeadroomClosed {
  requireSameLength(method, vanilla, "headroomClosed: method and vanilla");
  requireSameLength(method, clean, "headroomClosed: method and clean");
  for (const values of [method, vanilla, clean]) requireFinite(values, "headroomClosed", 1);
  const share = (m: number, v: number, c: number) => (c > v ? (m - v) / (c - v) : undefined);
  return {
    bySeed: method.map((value, i) => share(value, vanilla[i], clean[i])),
    ofMeans: share(mean(method), mean(vanilla), mean(clean)),
  };
}
