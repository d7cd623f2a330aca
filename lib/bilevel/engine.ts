import type { Params, PlainParams } from "../core/tree.js";
import type { PlainLevel } from "./alpha.js";
import type { HypergradientOptions } from "./hypergradient/hypergradient.js";
import type { LevelOptions } from "./level.js";
import { Loop } from "./loop.js";
import type { BatchSource, BilevelProblem } from "./problem.js";

export interface BilevelOptions {
  /** lower micro-steps in all */
  readonly iterations: number;
  /** of φ and α at the start; defaults to 1 */
  readonly seed?: number;
  /** micro-steps per lower update, the loss divided by it; defaults to 1 */
  readonly gradientAccumulation?: number;
  readonly lower: LevelOptions;
  /** left out: φ is trained with α as it starts */
  readonly upper?: UpperOptions | undefined;
  /** continues where `state()` was taken, on the same problem, batches and options; bit by bit on the same backend */
  readonly resume?: BilevelState | undefined;
}

export interface UpperOptions extends LevelOptions {
  /** lower updates per upper update; defaults to 1 */
  readonly unrollSteps?: number;
  /** lower micro-steps before the first upper update; defaults to 0 */
  readonly warmupIterations?: number;
  /** after an upper update φ returns to the start of the inner loop and takes one step; defaults to false */
  readonly rollBack?: boolean;
  /** defaults to darts with radius 0.01 */
  readonly hypergradient?: HypergradientOptions;
}

/** One lower micro-step and the upper update that may have followed it: plain data. */
export interface Iteration {
  /** from 1 */
  readonly iteration: number;
  readonly lower: {
    /** mean of the unweighted losses, when the problem tells them apart */
    readonly loss: number;
    readonly weightedLoss: number;
    readonly learningRate: number;
    /** of the update, before clipping; undefined in micro-steps that only accumulate */
    readonly gradientNorm: number | undefined;
  };
  readonly upper?: { readonly loss: number; readonly learningRate: number; readonly gradientNorm: number };
  readonly wallMs: number;
  /** the named weight vector now */
  weights?(): { readonly names: readonly string[]; readonly values: Float32Array };
  /** copies of φ and α now; the caller disposes them */
  phi(): Params;
  alpha(): Params;
}

/** Everything that the iterations to come depend on, without tensors: what a checkpoint stores. */
export interface BilevelState {
  readonly iteration: number;
  readonly upperUpdates: number;
  /** how often the lower schedule was stepped */
  readonly scheduled: number;
  readonly phi: PlainParams;
  readonly alpha: PlainParams;
  /** what the optimisers remember */
  readonly memory: { readonly phi: PlainMemory; readonly alpha: PlainMemory };
  /** within an accumulation: the gradient so far */
  readonly accumulated?: PlainParams;
  /** within an inner loop that will be rolled back or differentiated: where it began */
  readonly innerStart?: PlainLevel & { readonly iteration: number; readonly scheduled: number };
}

export type PlainMemory = Omit<PlainLevel, "params">;

export interface Bilevel extends AsyncGenerator<Iteration, void, void> {
  /** φ and α now; also after the last iteration, a `break` or `return()` */
  state(): BilevelState;
}

/**
 * Alternates lower updates of φ with upper updates of α, one lower micro-step per `next()`.
 *
 * After `unrollSteps` lower updates α takes a step along ∇_α L_upper + the hypergradient through φ, taken at φ after
 * its last step, on the last lower batch (as in Betty's engine and both DreamPRM systems).
 * `return()` and the end free all tensors; nothing is logged or printed.
 *
 * @throws Error naming level and iteration when a loss stops being finite; `state()` is the state before it
 * @example
 * for await (const it of solveBilevel(problem, batches, options)) run.log(it);
 */
export function solveBilevel<L, U>(
  problem: BilevelProblem<L, U>,
  batches: BatchSource<L, U>,
  options: BilevelOptions,
): Bilevel {
  const loop = new Loop(problem, batches, options);
  const iterations = iterate(loop, options.iterations);
  const finish = iterations.return.bind(iterations);
  return Object.assign(iterations, {
    state: () => loop.state(),
    return: (value?: void | PromiseLike<void>) => {
      loop.end(); // a generator that was never asked for a value skips its `finally`
      return finish(value);
    },
  });
}

async function* iterate<L, U>(loop: Loop<L, U>, iterations: number): AsyncGenerator<Iteration, void, void> {
  let lastPause = performance.now();
  try {
    loop.begin();
    while (loop.iteration < iterations) {
      yield loop.next();
      if (performance.now() - lastPause > 50) {
        await new Promise(setImmediate); // lets displays, timers and interrupts through
        lastPause = performance.now();
      }
    }
  } finally {
    loop.end();
  }
}
