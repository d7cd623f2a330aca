/** Order of large float32 vectors: what `statistics.ts` does for lists of numbers, in typed arrays. None may hold NaN. */

const MINUS_ZERO = 0x80000000 | 0;
/** Float32 bits as an unsigned integer of the same order as the number: negative ones flipped, the others raised; −0 is 0. */
const toKey = (bits: number): number => (bits === MINUS_ZERO ? 0x80000000 : (bits ^ ((bits >> 31) | 0x80000000)) >>> 0);
const toBits = (key: number): number => (key >>> 31 ? key ^ 0x80000000 : ~key);

const bitsOf = (values: Float32Array): Int32Array => new Int32Array(values.buffer, values.byteOffset, values.length);

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/** A vector sorted. */
export interface Sorted {
  /** indices of the values from the least to the greatest, [n]; equal values keep their order */
  readonly order: Uint32Array;
  /** the values in that order, [n] */
  readonly values: Float32Array;
}

/** Sorted by three passes over 11 bits of the keys each, the lowest first (radix sort). */
export function ascendingOf(values: Float32Array): Sorted {
  const bits = bitsOf(values);
  const n = bits.length;
  let [keys, order] = [new Uint32Array(n), new Uint32Array(n)];
  let [nextKeys, nextOrder] = [new Uint32Array(n), new Uint32Array(n)];
  for (let i = 0; i < n; i++) {
    keys[i] = toKey(bits[i]);
    order[i] = i;
  }
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    const place = new Uint32Array(DIGITS + 1);
    for (let i = 0; i < n; i++) place[((keys[i] >>> shift) & (DIGITS - 1)) + 1]++;
    for (let digit = 0; digit < DIGITS; digit++) place[digit + 1] += place[digit];
    for (let i = 0; i < n; i++) {
      const to = place[(keys[i] >>> shift) & (DIGITS - 1)]++;
      nextKeys[to] = keys[i];
      nextOrder[to] = order[i];
    }
    [keys, nextKeys, order, nextOrder] = [nextKeys, keys, nextOrder, order];
  }
  for (let i = 0; i < n; i++) keys[i] = toBits(keys[i]);
  return { order, values: new Float32Array(keys.buffer) };
}

/** 1-based ranks, [n]; equal values share the mean of their ranks. */
export function ranksOf({ order, values }: Sorted): Float64Array {
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[end] === values[start]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

const HALF = 1 << 16;

/**
 * Quantiles, linear between neighbours (R's type 7).
 *
 * @param values     [n], n ≥ 1
 * @param fractions  in [0, 1]
 */
export function quantilesOf(values: Float32Array, fractions: readonly number[]): number[] {
  const places = fractions.map((fraction) => fraction * (values.length - 1));
  const sought = [...new Set(places.flatMap((at) => [Math.floor(at), Math.ceil(at)]))].sort((a, b) => a - b);
  const found = values.length < HALF ? sorted(values, sought) : counted(values, sought);
  return places.map((at) => {
    const [below, above] = [found.get(Math.floor(at)) as number, found.get(Math.ceil(at)) as number];
    return below + (above - below) * (at - Math.floor(at));
  });
}

function sorted(values: Float32Array, sought: readonly number[]): Map<number, number> {
  const ascending = values.slice().sort();
  return new Map(sought.map((rank) => [rank, ascending[rank]]));
}

/**
 * The upper halves of all keys are counted, then the lower halves of those that share an upper half with a value sought:
 * two passes, ten times as fast as sorting.
 */
function counted(values: Float32Array, sought: readonly number[]): Map<number, number> {
  const bits = bitsOf(values);
  const upper = new Uint32Array(HALF);
  for (let i = 0; i < bits.length; i++) upper[toKey(bits[i]) >>> 16]++;
  const buckets = locate(upper, sought);

  const slots = [...new Set(buckets.map(({ bin }) => bin))];
  const slotOf = new Int32Array(HALF).fill(-1);
  slots.forEach((bin, slot) => (slotOf[bin] = slot));
  const lower = slots.map(() => new Uint32Array(HALF));
  for (let i = 0; i < bits.length; i++) {
    const key = toKey(bits[i]);
    const slot = slotOf[key >>> 16];
    if (slot >= 0) lower[slot][key & (HALF - 1)]++;
  }
  const found = Int32Array.from(buckets, ({ bin, within }) => {
    const [{ bin: low }] = locate(lower[slotOf[bin]], [within]);
    return toBits(((bin << 16) | low) >>> 0);
  });
  const decoded = new Float32Array(found.buffer);
  return new Map(sought.map((rank, i) => [rank, decoded[i]]));
}

/** For each 0-based rank the bin that holds it and its rank within that bin. @param ranks  ascending */
function locate(counts: Uint32Array, ranks: readonly number[]): { bin: number; within: number }[] {
  let [bin, before] = [0, 0];
  return ranks.map((rank) => {
    while (before + counts[bin] <= rank) before += counts[bin++];
    return { bin, within: rank - before };
  });
}

/**
 * Pearson's correlation, Σ(x − x̄)(y − ȳ) / √(Σ(x − x̄)² Σ(y − ȳ)²). Of ranks it is Spearman's.
 *
 * @param x  [n]
 * @param y  [n]
 * @returns undefined when either side is constant or has fewer than two values
 */
export function correlationOf(x: ArrayLike<number>, y: ArrayLike<number>): number | undefined {
  let [meanX, meanY] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    meanX += (x[i] - meanX) / (i + 1);
    meanY += (y[i] - meanY) / (i + 1);
  }
  let [xx, yy, xy] = [0, 0, 0];
  let [constantX, constantY] = [true, true];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i] - meanX, y[i] - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
    constantX &&= x[i] === x[0];
    constantY &&= y[i] === y[0];
  }
  if (constantX || constantY) return undefined;
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}
