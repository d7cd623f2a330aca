/** What the run's process used since the last such event. */
export interface Resources {
  /** of one core: two busy cores are 200 */
  readonly cpuPercent: number;
  /** resident memory now */
  readonly rssBytes: number;
  /** tensors alive, where `startRun` was told how to count them */
  readonly tensors?: number;
}

/** What the run's process used from the start of the run to its end. */
export interface Usage {
  /** CPU time of all threads, user and system */
  readonly cpuMs: number;
  /** of the process since its own start, which may have been before that of the run */
  readonly peakRssBytes: number;
}

export interface ResourceOptions {
  /** defaults to 10 000 */
  readonly everyMs?: number;
  /** for example `() => tf.memory().numTensors` */
  readonly tensors?: () => number;
}

export const RESOURCES_MS = 10_000;

/** Samples this process no more often than every `everyMs`. */
export class ResourceMeter {
  readonly #everyMs: number;
  readonly #tensors: (() => number) | undefined;
  readonly #begin = process.cpuUsage();
  #last = this.#begin;
  #lastAt = performance.now();

  constructor({ everyMs = RESOURCES_MS, tensors }: ResourceOptions = {}) {
    this.#everyMs = everyMs;
    this.#tensors = tensors;
  }

  /** @returns undefined while the last sample is too young */
  sample(): Resources | undefined {
    const now = performance.now();
    const passedMs = now - this.#lastAt;
    if (passedMs < this.#everyMs) return undefined;
    const usage = process.cpuUsage();
    const cpuMs = cpuTime(usage) - cpuTime(this.#last);
    [this.#last, this.#lastAt] = [usage, now];
    const sample = { cpuPercent: Math.round((1000 * cpuMs) / passedMs) / 10, rssBytes: process.memoryUsage.rss() };
    return this.#tensors ? { ...sample, tensors: this.#tensors() } : sample;
  }

  usage(): Usage {
    const cpuMs = Math.round(cpuTime(process.cpuUsage()) - cpuTime(this.#begin));
    return { cpuMs, peakRssBytes: process.resourceUsage().maxRSS * 1024 };
  }
}

const cpuTime = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;
