import { type AlphaReader, openAlpha } from "../tracker/alpha/reader.js";
import { firstNotFinite } from "../tracker/alpha/rows.js";
import { quantilesOf } from "../core/order.js";
import type { RunRecord } from "../tracker/runRecord.js";

/** Up to so many entries are lines of their own; of more the distribution is kept. */
export const MOST_LINES = 20;
/** Symmetric about the median. */
export const FRACTIONS = [0.05, 0.25, 0.5, 0.75, 0.95];
/** Snapshots of a long history that are read. */
const MOST_SNAPSHOTS = 250;

/** A run's weights over time, of which each look reads only the snapshots that came since. */
export class WeightHistory {
  readonly #folder: string;
  /** snapshots that were looked at, and the step of the last of them */
  #known = 0;
  #lastStep: number | undefined;
  /** of the last look; empty of a history without snapshots, and of more than `MOST_LINES` entries */
  names: readonly string[] = [];
  /** K */
  entries = 0;
  /** [T] of the snapshots that were read, ascending */
  steps: number[] = [];
  /** [T]: the weights, [K], or of more than `MOST_LINES` their quantiles at `FRACTIONS` and their mean, [6] */
  rows: Float32Array[] = [];

  constructor({ folder }: Pick<RunRecord, "folder">) {
    this.#folder = folder;
  }

  async look(): Promise<void> {
    const alpha = await openAlpha(this.#folder);
    try {
      if (alpha.steps[this.#known - 1] !== this.#lastStep) this.reset();
      this.entries = alpha.entries;
      const isNamed = alpha.steps.length > 0 && alpha.entries <= MOST_LINES;
      if (isNamed && this.names.length !== alpha.entries) this.names = await alpha.names();
      const fresh = alpha.steps.length - this.#known;
      const stride = Math.max(1, Math.ceil(fresh / MOST_SNAPSHOTS));
      const first = this.#known + ((fresh - 1) % stride); // so that the last one is read
      for (let t = first; t < alpha.steps.length; t += stride) await this.#take(alpha, t);
      [this.#known, this.#lastStep] = [alpha.steps.length, alpha.steps.at(-1)];
    } finally {
      await alpha.close();
    }
  }

  /** A resumed run takes back the snapshots after its checkpoint and may write others of the same steps. */
  reset(): void {
    [this.#known, this.#lastStep] = [0, undefined];
    [this.steps, this.rows] = [[], []];
  }

  /** A damaged snapshot, or one that is not finite, is a gap. */
  async #take(alpha: AlphaReader, t: number): Promise<void> {
    const row = await alpha.row(t).catch(() => undefined);
    if (!row || firstNotFinite(row) >= 0) return;
    this.steps.push(alpha.steps[t]);
    this.rows.push(
      alpha.entries <= MOST_LINES ? row : Float32Array.from([...quantilesOf(row, FRACTIONS), meanOf(row)]),
    );
  }
}

function meanOf(row: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < row.length; k++) sum += row[k];
  return sum / row.length;
}
