import * as tf from "@tensorflow/tfjs-core";
import { cloneTree, type Params } from "../core/tree.js";
import { clipped } from "../optim/clip.js";
import { optimizer, type OptimizerOptions } from "../optim/optimizer.js";
import { type OptimizerState, tidyUpdate, type Updated } from "../optim/update.js";
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

/** One level's update rule. */
export interface Level {
  readonly optimizer: OptimizerOptions;
  readonly init: (params: Params) => LevelState;
  readonly learningRate: (scheduled: number) => number;
  /** clips and updates: a pure function that can be differentiated */
  readonly step: (state: LevelState, grads: Params, scheduled: number) => LevelState;
  /** the same numbers by fused kernels, from clipped gradients; takes over the state, but not the gradients */
  readonly advance: (state: LevelState, grads: Params, scheduled: number) => LevelState;
}

export function level({
  optimizer: options,
  learningRate,
  schedule = { kind: "constant" },
  clip = 0,
}: LevelOptions): Level {
  const rule = optimizer(options);
  const rate = (scheduled: number) => learningRate * scheduleFactor(schedule, scheduled);
  return {
    optimizer: options,
    init: (params) => ({ params, optimizer: rule.init(params) }),
    learningRate: rate,
    step: ({ params, optimizer }, grads, scheduled) =>
      asState(tidyUpdate(() => rule.update(clipped(grads, clip), optimizer, params, rate(scheduled)))),
    advance: ({ params, optimizer }, grads, scheduled) =>
      asState(rule.advance(grads, optimizer, params, rate(scheduled))),
  };
}

function asState({ params, state }: Updated): LevelState {
  return { params, optimizer: state };
}

export function copyState({ params, optimizer }: LevelState): LevelState {
  const moments = Object.fromEntries(Object.entries(optimizer.moments).map(([name, tree]) => [name, cloneTree(tree)]));
  return { params: cloneTree(params), optimizer: { updates: optimizer.updates, moments } };
}

/** Frees the tensors of a state, or of any tree of tensors. */
export function disposeTree(tree: unknown): void {
  tf.dispose(tree as tf.TensorContainer);
}
