import type { OptimizerOptions } from "./optimizer.js";
import { ADAMW_DEFAULTS } from "./adamW.js";

/** A long vector of which an update touches a few entries, with what the optimiser remembers of each. */
export interface LazyRowsState {
  readonly values: Float32Array;
  /** named as in `OptimizerState.moments`, each as long as `values` */
  readonly moments: Readonly<Record<string, Float32Array>>;
  /** updates of each entry, for the bias correction; whole numbers */
  readonly updates: Float32Array;
}

/**
 * The same rules as `sgd` and `adamW` for entries picked by index: an entry moves, decays and counts its updates only
 * when it is picked, so the cost of an update does not depend on the vector's length. Works in place.
 *
 * Differs from dense AdamW, where entries that are not in the batch keep moving by their old moments (about 31.6 × lr
 * per visit), and from `torch.optim.SparseAdam`, whose bias correction counts everybody's updates.
 */
export function lazyRows(options: OptimizerOptions) {
  const names = options.kind === "adamw" ? ["first", "second"] : options.momentum ? ["momentum"] : [];
  return {
    init: (values: Float32Array): LazyRowsState => ({
      values,
      moments: Object.fromEntries(names.map((name) => [name, new Float32Array(values.length)])),
      updates: new Float32Array(values.length),
    }),
    /** @param gradient  of the entries at `rows`, in that order; no row twice */
    update: (
      state: LazyRowsState,
      rows: ArrayLike<number>,
      gradient: ArrayLike<number>,
      learningRate: number,
    ): void => {
      const one =
        options.kind === "adamw" ? adamWEntry(options, state, learningRate) : sgdEntry(options, state, learningRate);
      for (let i = 0; i < rows.length; i++) {
        state.updates[rows[i]]++;
        one(rows[i], gradient[i]);
      }
    },
  };
}

type Entry = (row: number, gradient: number) => void;

function sgdEntry(
  { momentum = 0, weightDecay = 0 }: OptimizerOptions & { kind: "sgd" },
  { values, moments }: LazyRowsState,
  learningRate: number,
): Entry {
  return (row, gradient) => {
    const decayed = gradient + weightDecay * values[row];
    const direction = momentum === 0 ? decayed : (moments.momentum[row] = momentum * moments.momentum[row] + decayed);
    values[row] -= learningRate * direction;
  };
}

function adamWEntry(
  {
    betas: [beta1, beta2] = ADAMW_DEFAULTS.betas,
    epsilon = ADAMW_DEFAULTS.epsilon,
    weightDecay = ADAMW_DEFAULTS.weightDecay,
  }: OptimizerOptions & { kind: "adamw" },
  { values, updates, moments: { first, second } }: LazyRowsState,
  learningRate: number,
): Entry {
  return (row, gradient) => {
    first[row] = beta1 * first[row] + (1 - beta1) * gradient;
    second[row] = beta2 * second[row] + (1 - beta2) * gradient * gradient;
    const m = first[row] / (1 - beta1 ** updates[row]);
    const v = second[row] / (1 - beta2 ** updates[row]);
    values[row] = values[row] * (1 - learningRate * weightDecay) - (learningRate * m) / (Math.sqrt(v) + epsilon);
  };
}
