import * as tf from "@tensorflow/tfjs-core";
import { addTree, cloneTree, type Params, scaleTree, tidyTree, toPlain, valueAndGrads } from "../core/tree.js";
import type { BilevelOptions, BilevelState, Iteration } from "./engine.js";
import { hypergradient } from "./hypergradient/hypergradient.js";
import { copyState, disposeTree, level, type LevelState } from "./level.js";
import { type BatchSource, type BilevelProblem, weightedMean } from "./problem.js";

/** The living part of `solveBilevel`: owns φ, α and both optimisers' moments between iterations. */
export class Loop<L, U> {
  iteration = 0;
  private upperUpdates = 0;
  /** how often the lower schedule was stepped */
  private scheduled = 0;
  private live: { phi: LevelState; alpha: LevelState } | undefined;
  private accumulated: Params | undefined;
  /** φ where the inner loop began, kept for roll-back */
  private innerStart: LevelState | undefined;
  private final: BilevelState | undefined;
  private readonly lower;
  private readonly upper;

  constructor(
    private readonly problem: BilevelProblem<L, U>,
    private readonly batches: BatchSource<L, U>,
    private readonly options: BilevelOptions,
  ) {
    this.lower = level(options.lower);
    this.upper = options.upper && level(options.upper);
  }

  next(): Iteration {
    const start = performance.now();
    const { gradientAccumulation = 1, upper: { unrollSteps = 1, warmupIterations = 0, rollBack = false } = {} } =
      this.options;
    const count = this.iteration + 1;
    const upperDue = this.upper && count % (unrollSteps * gradientAccumulation) === 0 && count > warmupIterations;
    if (rollBack) this.innerStart ??= copyState(this.current().phi);

    const learningRate = this.lower.learningRate(this.scheduled);
    const batch = this.batches.lower(this.iteration);
    try {
      const losses = this.accumulate(batch, count);
      const gradientNorm = count % gradientAccumulation === 0 ? this.updateLower() : undefined;
      this.iteration = count;
      if (!rollBack) this.scheduled++;
      const upper = upperDue ? this.updateUpper(batch) : undefined;
      if (upperDue && rollBack) this.replay(batch);
      return {
        iteration: count,
        lower: { ...losses, learningRate, gradientNorm },
        ...(upper && { upper }),
        ...(this.problem.weights && { weights: () => this.weights() }),
        wallMs: performance.now() - start,
        phi: () => cloneTree(this.current().phi.params),
        alpha: () => cloneTree(this.current().alpha.params),
      };
    } finally {
      disposeTree(batch);
    }
  }

  state(): BilevelState {
    if (this.final) return this.final;
    const { phi, alpha } = this.current();
    const { iteration, upperUpdates } = this;
    return { iteration, upperUpdates, phi: toPlain(phi.params), alpha: toPlain(alpha.params) };
  }

  end(): void {
    this.final = this.state();
    disposeTree([this.live, this.accumulated, this.innerStart]);
    this.live = this.accumulated = this.innerStart = undefined;
  }

  private current(): { phi: LevelState; alpha: LevelState } {
    if (this.final)
      throw new Error(`this bilevel run ended after ${this.final.iteration} iterations; its state() remains`);
    if (this.live === undefined) {
      const { phi, alpha } = this.problem.init(this.options.seed ?? 1);
      const fixed: LevelState = { params: alpha, optimizer: { updates: 0, moments: {} } };
      this.live = { phi: this.lower.init(phi), alpha: this.upper?.init(alpha) ?? fixed };
    }
    return this.live;
  }

  /** Adds ∇_φ L_lower / accumulation to the gradients of the coming update. */
  private accumulate(batch: L, count: number): { loss: number; weightedLoss: number } {
    const { phi, alpha } = this.current();
    const { weighted, lower } = this.problem;
    let loss: number | undefined;
    const { value, grads } = valueAndGrads((p) => {
      if (weighted === undefined) return lower(p, alpha.params, batch);
      const loss_B = weighted.losses(p, batch);
      loss = mean(loss_B.dataSync());
      return weightedMean(loss_B, weighted.weights(alpha.params, batch));
    }, phi.params);
    const weightedLoss = take(value);
    if (!Number.isFinite(weightedLoss)) disposeTree(grads);
    refuseNonFinite("lower", weightedLoss, count);
    this.accumulated = addAndDispose(this.accumulated, grads, 1 / (this.options.gradientAccumulation ?? 1));
    return { loss: loss ?? weightedLoss, weightedLoss };
  }

  private updateLower(): number {
    const state = this.current();
    const { norm, ...phi } = this.lower.update(state.phi, this.accumulated as Params, this.scheduled);
    disposeTree([this.accumulated, state.phi]);
    this.accumulated = undefined;
    state.phi = phi;
    return take(norm);
  }

  private updateUpper(batch: L): NonNullable<Iteration["upper"]> {
    const { upper: options } = this.options;
    const state = this.current();
    const { problem, upper } = this;
    if (upper === undefined || options === undefined) throw new Error("no upper level");
    const metaBatch = this.batches.upper(this.upperUpdates);
    const { value, grads } = tf.tidy(() => {
      const { value, grads } = upperGradients(problem, state.phi.params, state.alpha.params, metaBatch);
      const point = { problem, phi: state.phi.params, alpha: state.alpha.params, batch, vector: grads.phi };
      const indirect = hypergradient(options.hypergradient ?? { method: "darts" }, point);
      return { value, grads: addTree(grads.alpha, indirect) };
    });
    disposeTree(metaBatch);
    const loss = take(value);
    const { norm, ...next } = upper.update(state.alpha, grads, this.upperUpdates);
    disposeTree([grads, state.alpha]);
    state.alpha = this.projected(next);
    const gradientNorm = take(norm);
    refuseNonFinite("upper", loss + gradientNorm, this.iteration);
    const learningRate = upper.learningRate(this.upperUpdates++);
    return { loss, learningRate, gradientNorm };
  }

  private projected(alpha: LevelState): LevelState {
    if (this.problem.project === undefined) return alpha;
    const params = this.problem.project(alpha.params);
    disposeTree(alpha.params);
    return { ...alpha, params };
  }

  /** φ and its optimiser return to the start of the inner loop and take one step on the last batch. */
  private replay(batch: L): void {
    const state = this.current();
    disposeTree(state.phi);
    state.phi = this.innerStart as LevelState;
    this.innerStart = undefined;
    this.accumulate(batch, this.iteration);
    this.updateLower();
    this.scheduled++;
  }

  private weights(): { names: readonly string[]; values: Float32Array } {
    const { weights } = this.problem;
    if (weights === undefined) throw new Error("the problem names no weights");
    const vector = weights.vector(this.current().alpha.params);
    const values = Float32Array.from(vector.dataSync());
    vector.dispose();
    return { names: weights.names, values };
  }
}

/** L_upper with its gradients in φ and, directly, in α. */
function upperGradients<L, U>(problem: BilevelProblem<L, U>, phi: Params, alpha: Params, batch: U) {
  const prefixed = (prefix: string, tree: Params) =>
    Object.fromEntries(Object.entries(tree).map(([name, tensor]) => [prefix + name, tensor]));
  const part = (prefix: string, tree: Params) =>
    Object.fromEntries(
      Object.entries(tree).flatMap(([name, tensor]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
      ),
    ) as Params;
  const both = { ...prefixed("phi:", phi), ...prefixed("alpha:", alpha) };
  const { value, grads } = valueAndGrads((p) => problem.upper(part("phi:", p), part("alpha:", p), batch), both);
  return { value, grads: { phi: part("phi:", grads), alpha: part("alpha:", grads) } };
}

function addAndDispose(sum: Params | undefined, grads: Params, factor: number): Params {
  if (sum === undefined && factor === 1) return grads;
  const next = tidyTree(() => (sum ? addTree(sum, scaleTree(factor, grads)) : scaleTree(factor, grads)));
  disposeTree([sum, grads]);
  return next;
}

function refuseNonFinite(which: "lower" | "upper", value: number, iteration: number): void {
  if (Number.isFinite(value)) return;
  throw new Error(
    `the ${which} level's loss or gradient is ${value} at iteration ${iteration}; ` +
      `lower its learning rate, clip its gradient (\`clip\`), or look for extreme inputs`,
  );
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Reads a scalar and disposes it. */
function take(scalar: tf.Scalar): number {
  const value = scalar.dataSync()[0];
  scalar.dispose();
  return value;
}
