import type { Params } from "../core/tree.js";
import { copyState, disposeTree, type Level, type LevelState } from "./level.js";

/** The lower updates since the last upper update, for hypergradients that differentiate the updates themselves. */
export interface InnerLoop<L> {
  readonly level: Level;
  /** how often the lower schedule was stepped by now */
  readonly scheduled: number;
  /** oldest first */
  readonly updates: readonly InnerUpdate<L>[];
}

export interface InnerUpdate<L> {
  /** the micro-steps' batches */
  readonly batches: readonly L[];
  /** how often the lower schedule had been stepped when the update was made */
  readonly scheduled: number;
  /** the first micro-step: its index, and how often the schedule had been stepped then */
  readonly begun: { readonly iteration: number; readonly scheduled: number };
  /** φ and moments before the update; always there for the oldest, for others when they are kept */
  readonly before?: LevelState;
  /** after clipping */
  readonly gradient?: Params;
}

/** What is to be kept of each update. */
export interface InnerMemory {
  /** the latest so many updates are remembered */
  readonly updates: number;
  /** a state is kept before every so many updates */
  readonly every: number;
  readonly gradients: boolean;
}

/** Records the inner loop; owns the tensors it keeps. */
export class InnerRecorder<L> {
  private updates: InnerUpdate<L>[] = [];
  private batches: L[] = [];
  private begun: { before: LevelState | undefined; iteration: number; scheduled: number } | undefined;

  constructor(private readonly memory: InnerMemory) {}

  /** A micro-step begins; takes over the batch. */
  micro(batch: L, state: LevelState, iteration: number, scheduled: number): void {
    const keep = this.updates.length % this.memory.every === 0;
    this.begun ??= { before: keep ? copyState(state) : undefined, iteration, scheduled };
    this.batches.push(batch);
  }

  /** The micro-steps since the last call became an update; takes over the gradient. */
  update(gradient: Params, scheduled: number): void {
    if (this.begun === undefined) throw new Error("an update needs a micro-step before it");
    const { before, ...begun } = this.begun;
    if (!this.memory.gradients) disposeTree(gradient);
    this.updates.push({
      scheduled,
      begun,
      batches: this.batches,
      ...(before && { before }),
      ...(this.memory.gradients && { gradient }),
    });
    [this.batches, this.begun] = [[], undefined];
    while (this.updates.length > this.memory.updates) disposeTree(this.updates.shift());
  }

  loop(level: Level, scheduled: number): InnerLoop<L> {
    return { level, scheduled, updates: this.updates };
  }

  /** the oldest update that is remembered, or the one begun */
  get oldest(): { before?: LevelState | undefined; iteration: number; scheduled: number } | undefined {
    const update = this.updates.at(0);
    return update ? { ...update, ...update.begun } : this.begun;
  }

  clear(): void {
    disposeTree([this.updates, this.batches, this.begun]);
    [this.updates, this.batches, this.begun] = [[], [], undefined];
  }
}
