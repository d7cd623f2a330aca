import type { PlainParams } from "../core/tree.js";

/** samples that the average is made of, at most */
const SAMPLES = 100;

/** Running mean of α over the last part of a training: single states of stochastic weights are noisy. */
export class AlphaAverage {
  private samples = 0;
  private mean: Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }> = {};
  private readonly from: number;
  private readonly every: number;

  /** @param last  share of the iterations that is averaged over */
  constructor(iterations: number, last: number) {
    this.from = Math.floor(iterations * (1 - last));
    this.every = Math.max(1, Math.floor((iterations * last) / SAMPLES));
  }

  due(iteration: number): boolean {
    return iteration > this.from && (iteration - this.from) % this.every === 0;
  }

  add(alpha: PlainParams): void {
    this.samples++;
    for (const [name, { shape, values }] of Object.entries(alpha)) {
      const own = (this.mean[name] ??= { shape, values: new Float32Array(values.length) }).values;
      for (let i = 0; i < values.length; i++) own[i] += (values[i] - own[i]) / this.samples;
    }
  }

  /** undefined before the first sample */
  get value(): PlainParams | undefined {
    return this.samples === 0 ? undefined : this.mean;
  }

  state(): { samples: number; mean: PlainParams } {
    return { samples: this.samples, mean: this.mean };
  }

  restore(samples: number, mean: PlainParams): void {
    this.samples = samples;
    this.mean = { ...mean };
  }
}
