import * as tf from "@tensorflow/tfjs-core";
import { addTree, cloneTree, fromPlain, type Params, toPlain } from "../core/tree.js";
import { clipByGlobalNorm } from "../optim/clip.js";
import { Alpha, liveLevel, plainLevel } from "./alpha.js";
import type { BilevelOptions, BilevelState, Iteration } from "./engine.js";
import { checkHypergradient, hypergradient, innerMemory } from "./hypergradient/hypergradient.js";
import {
  addAndDispose,
  type LowerGradient,
  lowerGradient,
  refuseNonFinite,
  take,
  upperGradients,
} from "./gradients.js";
import { InnerRecorder } from "./innerLoop.js";
import { copyState, disposeTree, level, type LevelState } from "./level.js";
import type { BatchSource, BilevelProblem } from "./problem.js";
import { checkResumable } from "./resume.js";

/** Where a method has a reason of its own to leave the numbers */
const NON_FINITE: Readonly<Record<string, string>> = {
  neumann: "its series grows when `stepSize` exceeds 2 / the Hessian's largest eigenvalue: make that smaller; ",
};

/** The living part of `solveBilevel`: owns φ, α and both optimisers' moments between iterations. */
export class Loop<L, U> {
  iteration = 0;
  private upperUpdates = 0;
  /** how often the lower schedule was stepped */
  private scheduled = 0;
  private live: { phi: LevelState; alpha: Alpha<L> } | undefined;
  private accumulated: Params | undefined;
  /** φ where the inner loop began, kept for roll-back */
  private innerStart: { state: LevelState; iteration: number; scheduled: number } | undefined;
  private readonly recorder: InnerRecorder<L> | undefined;
  private final: BilevelState | undefined;
  private readonly lower;
  private readonly upper;
  private readonly method;
  private readonly schedule;

  constructor(
    private readonly problem: BilevelProblem<L, U>,
    private readonly batches: BatchSource<L, U>,
    private readonly options: BilevelOptions,
  ) {
    const { gradientAccumulation = 1, upper } = options;
    const { unrollSteps = 1, warmupIterations = 0, rollBack = false } = upper ?? {};
    this.schedule = { accumulation: gradientAccumulation, unrollSteps, warmupIterations, rollBack };
    this.method = checkHypergradient(upper?.hypergradient ?? { method: "darts" });
    this.lower = level(options.lower);
    this.upper = upper && level(upper);
    const memory = upper && innerMemory(this.method, unrollSteps);
    this.recorder = memory && new InnerRecorder(memory);
  }

  /** Makes φ and α, or takes up a stored state. */
  begin(): void {
    this.current();
  }

  next(): Iteration {
    const start = performance.now();
    const { accumulation, unrollSteps, warmupIterations, rollBack } = this.schedule;
    const count = this.iteration + 1;
    const innerLoopEnds = this.upper !== undefined && count % (unrollSteps * accumulation) === 0;
    const upperDue = innerLoopEnds && count > warmupIterations;
    const { learningRate, batch, ...losses } = this.microStep(count);
    const gradientNorm = count % accumulation === 0 ? this.updateLower() : undefined;
    this.iteration = count;
    if (!rollBack) this.scheduled++;
    try {
      const upper = upperDue ? this.updateUpper(batch) : undefined;
      if (upperDue && rollBack) this.replay(batch);
      return {
        iteration: count,
        lower: { ...losses, learningRate, gradientNorm },
        ...(upper && { upper }),
        ...(this.problem.weights && { weights: () => this.weights() }),
        wallMs: performance.now() - start,
        phi: () => cloneTree(this.current().phi.params),
        alpha: () => this.current().alpha.copy(),
      };
    } finally {
      if (!this.recorder) disposeTree(batch);
      if (innerLoopEnds) this.recorder?.clear();
    }
  }

  state(): BilevelState {
    if (this.final) return this.final;
    const { phi, alpha } = this.current();
    const { params, ...phiMemory } = plainLevel(phi);
    const { params: alphaParams, ...alphaMemory } = alpha.state();
    return {
      iteration: this.iteration,
      upperUpdates: this.upperUpdates,
      scheduled: this.scheduled,
      phi: params,
      alpha: alphaParams,
      memory: { phi: phiMemory, alpha: alphaMemory },
      ...(this.accumulated && { accumulated: toPlain(this.accumulated) }),
      ...this.plainInnerStart(),
    };
  }

  end(): void {
    if (this.final) return;
    this.final = this.state();
    this.recorder?.clear();
    this.live?.alpha.dispose();
    disposeTree([this.live?.phi, this.accumulated, this.innerStart]);
    this.live = this.accumulated = this.innerStart = undefined;
  }

  private current(): { phi: LevelState; alpha: Alpha<L> } {
    if (this.final)
      throw new Error(`this bilevel run ended after ${this.final.iteration} iterations; its state() remains`);
    if (this.live === undefined) {
      const { phi, alpha } = this.problem.init(this.options.seed ?? 1);
      this.live = { phi: this.lower.init(phi), alpha: new Alpha(this.problem, this.upper, alpha) };
      if (this.options.resume) this.restore(this.live, this.options.resume);
    }
    return this.live;
  }

  /** Adds ∇_φ L_lower / accumulation to the gradients of the coming update. */
  private microStep(count: number) {
    const { phi } = this.current();
    const { accumulation, rollBack } = this.schedule;
    if (rollBack) this.innerStart ??= { state: copyState(phi), iteration: this.iteration, scheduled: this.scheduled };
    const learningRate = this.lower.learningRate(this.scheduled);
    const batch = this.batches.lower(this.iteration);
    try {
      const { grads, ...losses } = this.lowerGradient(batch, count);
      this.recorder?.micro(batch, phi, this.iteration, this.scheduled);
      this.accumulated = addAndDispose(this.accumulated, grads, 1 / accumulation);
      return { learningRate, batch, ...losses };
    } catch (error) {
      disposeTree(batch);
      throw error;
    }
  }

  private lowerGradient(batch: L, count: number): LowerGradient {
    const { phi, alpha } = this.current();
    const found = lowerGradient(this.problem, phi.params, () => alpha.of(batch), batch);
    if (!Number.isFinite(found.weightedLoss)) disposeTree(found.grads);
    refuseNonFinite("lower", found.weightedLoss, count);
    return found;
  }

  /** @returns the gradient's norm before clipping */
  private updateLower(): number {
    const state = this.current();
    const gradient = this.accumulated as Params;
    const { grads, norm } = clipByGlobalNorm(gradient, this.options.lower.clip ?? 0);
    if (grads !== gradient) disposeTree(gradient);
    this.accumulated = undefined;
    if (!Number.isFinite(norm)) disposeTree(grads);
    refuseNonFinite("lower", norm, this.iteration + 1);
    state.phi = this.lower.advance(state.phi, grads, this.scheduled);
    if (this.recorder) this.recorder.update(grads, this.scheduled);
    else disposeTree(grads);
    return norm;
  }

  private updateUpper(batch: L): NonNullable<Iteration["upper"]> {
    const { upper: options } = this.options;
    const { phi, alpha } = this.current();
    if (this.upper === undefined || options === undefined) throw new Error("no upper level");
    const inner = this.recorder?.loop(this.lower, this.scheduled);
    const rows = alpha.rowsOf(inner ? inner.updates.flatMap(({ batches }) => batches) : [batch]);
    const metaBatch = this.batches.upper(this.upperUpdates);
    const { value, grads } = tf.tidy(() => {
      const alphaParams = alpha.at(rows);
      const { value, grads } = upperGradients(this.problem, phi.params, alphaParams, metaBatch);
      const problem = alpha.restricted(this.problem, rows);
      const point = { problem, phi: phi.params, alpha: alphaParams, batch, vector: grads.phi, inner };
      return { value, grads: addTree(grads.alpha, hypergradient(this.method, point)) };
    });
    disposeTree(metaBatch);
    const loss = take(value);
    const { grads: clipped, norm: gradientNorm } = clipByGlobalNorm(grads, options.clip ?? 0);
    if (!Number.isFinite(loss + gradientNorm)) disposeTree([grads, clipped]);
    refuseNonFinite("upper", loss + gradientNorm, this.iteration, NON_FINITE[this.method.method]);
    alpha.advance(clipped, rows, this.upperUpdates);
    disposeTree([grads, clipped]);
    const learningRate = this.upper.learningRate(this.upperUpdates++);
    return { loss, learningRate, gradientNorm };
  }

  /**
   * φ and its optimiser return to the start of the inner loop and take one step on the last batch alone, its loss
   * divided by the accumulation count as everywhere (so does Betty).
   */
  private replay(batch: L): void {
    const state = this.current();
    if (this.innerStart === undefined) throw new Error("nothing to roll back to");
    disposeTree(state.phi);
    state.phi = this.innerStart.state;
    this.innerStart = undefined;
    const { grads } = this.lowerGradient(batch, this.iteration);
    const gradient = addAndDispose(undefined, grads, 1 / this.schedule.accumulation);
    const { grads: clipped } = clipByGlobalNorm(gradient, this.options.lower.clip ?? 0);
    state.phi = this.lower.advance(state.phi, clipped, this.scheduled++);
    disposeTree([gradient, clipped]);
  }

  private weights(): { names: readonly string[]; values: Float32Array } {
    const { weights } = this.problem;
    if (weights === undefined) throw new Error("the problem names no weights");
    const values = tf.tidy(() => weights.vector(this.current().alpha.copy()).dataSync());
    return { names: weights.names, values: Float32Array.from(values) };
  }

  private plainInnerStart(): Pick<BilevelState, "innerStart"> {
    if (this.innerStart) {
      const { state, iteration, scheduled } = this.innerStart;
      return { innerStart: { ...plainLevel(state), iteration, scheduled } };
    }
    const oldest = this.recorder?.oldest;
    if (oldest?.before === undefined) return {};
    const { before, iteration, scheduled } = oldest;
    return { innerStart: { ...plainLevel(before), iteration, scheduled } };
  }

  /** Where an inner loop had begun that will be differentiated, its updates are made again to be recorded. */
  private restore(live: { phi: LevelState; alpha: Alpha<L> }, state: BilevelState): void {
    checkResumable(state, live.phi, live.alpha.state());
    const { phi, alpha, memory, accumulated, innerStart } = state;
    live.alpha.restore({ params: alpha, ...memory.alpha });
    const start = innerStart && liveLevel(innerStart);
    const from = (this.recorder && innerStart) ?? state;
    disposeTree(live.phi);
    live.phi = this.recorder && start ? start : liveLevel({ params: phi, ...memory.phi });
    this.iteration = from.iteration;
    this.scheduled = from.scheduled;
    this.upperUpdates = state.upperUpdates;
    if (this.recorder === undefined) {
      this.accumulated = accumulated && fromPlain(accumulated);
      if (start && innerStart) {
        this.innerStart = { state: start, iteration: innerStart.iteration, scheduled: innerStart.scheduled };
      }
      return;
    }
    while (this.iteration < state.iteration) {
      this.microStep(this.iteration + 1);
      this.iteration++;
      if (this.iteration % this.schedule.accumulation === 0) this.updateLower();
      if (!this.schedule.rollBack) this.scheduled++;
    }
  }
}
