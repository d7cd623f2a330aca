import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";

/** Everything an optimiser remembers: how many updates it made, and its named moments. */
export interface OptimizerState {
  readonly updates: number;
  readonly moments: Readonly<Record<string, Params>>;
}

/** One update rule, twice: as a pure function, and as the engine runs it. */
export interface Optimizer {
  readonly init: (params: Params) => OptimizerState;
  /** disposes nothing, and can be differentiated in `grads`, `state` and `params`; the caller owns the result */
  readonly update: Update;
  /** the same numbers by fused kernels; takes over `state` and `params`, whose tensors are gone afterwards */
  readonly advance: Update;
}

export type Update = (grads: Params, state: OptimizerState, params: Params, learningRate: number) => Updated;

export interface Updated {
  readonly params: Params;
  readonly state: OptimizerState;
}

/** `tf.tidy` for an update. */
export function tidyUpdate(f: () => Updated): Updated {
  return tf.tidy(f as unknown as () => tf.TensorContainer) as unknown as Updated;
}

/** An update that frees what it replaces. */
export function consuming(update: Update): Update {
  return (grads, state, params, learningRate) => {
    const updated = update(grads, state, params, learningRate);
    tf.dispose([params, state.moments]);
    return updated;
  };
}
