import * as tf from "@tensorflow/tfjs-core";
import { cloneTree, type Params } from "../core/tree.js";
import { clipByGlobalNorm } from "../optim/clip.js";
import { optimizer, type OptimizerOptions, type OptimizerState } from "../optim/optimizer.js";
import { type Schedule, scheduleFactor } from "../optim/schedule.js";

/** How one level is optimised. */
export interface LevelOptions {
  readonly optimizer: OptimizerOptions;
  readonly learningRate: number;
  /** defaults to constant */
  readonly schedule?: Schedule;
  /** largest global gradient norm; defaults to 0 = no clipping */
  readonly clip?: number;
}

/** Parameters of one level with what its optimiser remembers. */
export interface LevelState {
  readonly params: Params;
  readonly optimizer: OptimizerState;
}

/** One level's update rule as a pair of pure functions. */
export interface Level {
  readonly init: (params: Params) => LevelState;
  readonly learningRate: (scheduled: number) => number;
  /** one optimiser step; the caller owns the result and still owns the old state */
  readonly update: (state: LevelState, grads: Params, scheduled: number) => LevelState & { readonly norm: tf.Scalar };
}

export function level({
  optimizer: options,
  learningRate,
  schedule = { kind: "constant" },
  clip = 0,
}: LevelOptions): Level {
  const { init, update } = optimizer(options);
  const rate = (scheduled: number) => learningRate * scheduleFactor(schedule, scheduled);
  return {
    init: (params) => ({ params, optimizer: init(params) }),
    learningRate: rate,
    update: (state, grads, scheduled) => {
      const { grads: clipped, norm } = clipByGlobalNorm(grads, clip);
      const next = update(clipped, state.optimizer, state.params, rate(scheduled));
      tf.dispose(clipped);
      return { params: next.params, optimizer: next.state, norm };
    },
  };
}

export function copyState({ params, optimizer }: LevelState): LevelState {
  const moments = Object.fromEntries(Object.entries(optimizer.moments).map(([name, tree]) => [name, cloneTree(tree)]));
  return { params: cloneTree(params), optimizer: { updates: optimizer.updates, moments } };
}

/** Frees the tensors of a state, or of any tree of tensors. */
export function disposeTree(tree: unknown): void {
  tf.dispose(tree as tf.TensorContainer);
}
