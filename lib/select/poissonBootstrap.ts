import { quantileSorted } from "simple-statistics";
import { type Random, random } from "../core/random.js";

/** P(X ≤ i) of X ~ Poisson(1), i = 0, 1, … */
const CUMULATIVE = [...Array(12).keys()].reduce<{ term: number; sums: number[] }>(
  ({ term, sums }, i) => ({ term: term / (i + 1), sums: [...sums, (sums.at(-1) ?? 0) + term] }),
  { term: Math.exp(-1), sums: [] },
).sums;

/** A sum over questions, and the same sum in every resample. */
export class Tally {
  total = 0;
  readonly resampled: Float64Array;

  constructor(resamples: number) {
    this.resampled = new Float64Array(resamples);
  }

  /** @param weights  how often each resample holds the question */
  add(value: number, weights: Uint8Array): void {
    if (value === 0) return;
    this.total += value;
    const { resampled } = this;
    for (let r = 0; r < resampled.length; r++) resampled[r] += value * weights[r];
  }

  /** Adds `scale` times another tally of the same questions. */
  include(other: Tally, scale = 1): this {
    this.total += scale * other.total;
    for (let r = 0; r < this.resampled.length; r++) this.resampled[r] += scale * other.resampled[r];
    return this;
  }
}

/**
 * Bootstrap over questions that come one at a time: every resample holds a question X ~ Poisson(1) times, so nothing but
 * sums has to be kept. All tallies of a question share its weights, so what is compared is paired.
 *
 * Chamandy et al., "Estimating uncertainty for massive data streams" (Google, 2012).
 * Differs from `bootstrapInterval`: the size of a resample is random and its mean divided by that size, which matters
 * with few questions only.
 */
export class PoissonBootstrap {
  readonly #draw: Random;
  readonly #weights: Uint8Array;

  constructor({ seed, resamples }: { seed: number; resamples: number }) {
    if (!Number.isInteger(resamples) || resamples < 1) {
      throw new RangeError(`bootstrap: resamples is ${resamples}; it must be a positive integer`);
    }
    this.#draw = random(seed);
    this.#weights = new Uint8Array(resamples);
  }

  tally(): Tally {
    return new Tally(this.#weights.length);
  }

  /** The weights of the next question, valid until the call after it. */
  next(): Uint8Array {
    for (let r = 0; r < this.#weights.length; r++) {
      const u = this.#draw.next();
      let times = 0;
      while (times < CUMULATIVE.length && u > CUMULATIVE[times]) times++;
      this.#weights[r] = times;
    }
    return this.#weights;
  }
}

/**
 * Percentile interval of a mean, Σ value / Σ count, over the resamples that hold any question.
 * @returns undefined for fewer than two questions, which tell nothing of their spread
 */
export function meanOf(
  value: Tally,
  count: Tally,
  level: number,
): { mean: number; interval: readonly [low: number, high: number] | undefined } {
  const mean = value.total / count.total;
  if (count.total < 2) return { mean, interval: undefined };
  const means = value.resampled.map((sum, r) => sum / count.resampled[r]).filter((m) => !Number.isNaN(m));
  const sorted = Array.from(means.sort());
  const [low, high] = [(1 - level) / 2, (1 + level) / 2].map((share) => quantileSorted(sorted, share));
  // equal values must not fall out of their interval by rounding
  return { mean, interval: [Math.min(low, mean), Math.max(high, mean)] };
}
