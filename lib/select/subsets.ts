import { random } from "../core/random.js";

/** k-subsets of 0 … n − 1 one after the other, each in ascending order. */
export interface Subsets {
  readonly indices: Int32Array;
  /** all of them; else drawn ones */
  readonly exact: boolean;
}

/**
 * A lister of k-subsets: all of them where these are at most `limit`, remembered; else `limit` random ones.
 *
 * @returns subsets by n, k and the seed of those that are drawn
 */
export function subsetLister(limit: number): (n: number, k: number, seed: string) => Subsets {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`subsets: limit is ${limit}; it must be at least 1`);
  const known = new Map<string, Subsets>();
  return (n, k, seed) => {
    if (binomial(n, k) > limit) return { indices: drawn(n, k, limit, seed), exact: false };
    const key = `${n},${k}`;
    const subsets = known.get(key) ?? { indices: Int32Array.from(combinations(n, k)), exact: true };
    known.set(key, subsets);
    return subsets;
  };
}

function combinations(n: number, k: number, from = 0): number[] {
  if (k === 0) return [];
  if (k === 1) return Array.from({ length: n - from }, (_, i) => from + i);
  const found: number[] = [];
  for (let first = from; first <= n - k; first++) {
    const rest = combinations(n, k - 1, first + 1);
    for (let at = 0; at < rest.length; at += k - 1) found.push(first, ...rest.slice(at, at + k - 1));
  }
  return found;
}

/** Floyd's sampling without replacement, `count` times. */
function drawn(n: number, k: number, count: number, seed: string): Int32Array {
  const draw = random(seed);
  const out = new Int32Array(count * k);
  for (let start = 0; start < out.length; start += k) {
    const chosen = new Set<number>();
    for (let j = n - k; j < n; j++) {
      const i = draw.integer(j + 1);
      chosen.add(chosen.has(i) ? j : i);
    }
    out.set(Int32Array.from(chosen).sort(), start);
  }
  return out;
}

/** C(n, k), rounded where it is beyond 2⁵³. */
function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= Math.min(k, n - k); i++) value = (value * (n - i + 1)) / i;
  return value;
}
