import * as tf from "@tensorflow/tfjs-core";
import { type Checkpoint, saveCheckpoint } from "../bilevel/checkpoint.js";
import { type BilevelState, type Iteration, solveBilevel, type UpperOptions } from "../bilevel/engine.js";
import type { BatchSource, BilevelProblem } from "../bilevel/problem.js";
import { SpeedMeter, type TimeScales } from "../bilevel/timeScales.js";
import { fromPlain, type PlainParams } from "../core/tree.js";
import {
  encodeSolutions,
  encodeSteps,
  prmBatches,
  sampler,
  type SolutionBatch,
  stepBatch,
  type StepBatch,
} from "../data/batch.js";
import { cleanLabels } from "../data/labels.js";
import { prmProblem } from "../model/prmProblem.js";
import { rowLosses } from "../model/rowWeights.js";
import type { LoggedIteration } from "../tracker/run.js";
import { uniform } from "../weighting/uniform.js";
import { AlphaAverage } from "./average.js";
import type { StudyConfig, StudyData } from "./config.js";
import { evaluateRun, type RunEvaluation } from "./evaluate.js";
import { type Carry, type Method, type Phase, phasesOf } from "./methods.js";
import { Validator } from "./validator.js";

/** What one run came to. */
export interface Outcome extends RunEvaluation {
  readonly method: Method;
  readonly seed: number;
  readonly run: string;
  readonly timeScales?: TimeScales;
  /** iteration whose φ was kept, when a validation set chose it */
  readonly bestIteration?: number;
  readonly phi: PlainParams;
  readonly alpha: PlainParams;
}

export interface TrainRun {
  readonly method: Method;
  readonly seed: number;
  readonly data: StudyData;
  readonly encoded: EncodedStudy;
  readonly config: StudyConfig;
  /** where iterations go */
  readonly run: { readonly id: string; log(iteration: LoggedIteration): void; note(text: string): void };
  /** written every `checkpointEvery` iterations */
  readonly checkpoint?: string;
  readonly resume?: Checkpoint;
  readonly onIteration?: (iteration: number, losses: Readonly<Record<string, number>>) => void;
}

export type EncodedStudy = ReturnType<typeof encodeStudy>;

/** The data of a study, encoded once for all its runs. */
export function encodeStudy(
  { train, meta, validation, test, pools }: StudyData,
  { encoder, instance, stepWeighting }: Pick<StudyConfig, "encoder" | "instance" | "stepWeighting">,
) {
  const candidates = pools?.flatMap((pool) => pool.candidates);
  const steps = { instance, stepWeighting };
  const labelled = train.samples.some(({ trueLabel }) => trueLabel !== undefined);
  return {
    train: encodeSteps(train, encoder, steps),
    ...(labelled && { clean: encodeSteps(cleanLabels(train), encoder, steps) }),
    meta: encodeSolutions(meta.solutions, encoder),
    ...(validation && { validation: encodeSolutions(validation.solutions, encoder) }),
    ...(test && { test: encodeSolutions(test.solutions, encoder) }),
    ...(candidates && { candidates: encodeSolutions(candidates, encoder) }),
  };
}

/** Iterations of all phases of a method. */
export function totalIterations(
  method: Method,
  config: StudyConfig,
  encoded: EncodedStudy,
  domains: readonly string[],
) {
  return phasesOf(method, config, encoded.train, domains, 1).reduce((sum, { iterations }) => sum + iterations, 0);
}

/** Trains one PRM by one method from one seed, logging every iteration, and evaluates it. */
export async function trainRun(options: TrainRun): Promise<Outcome> {
  const { method, seed, data, encoded, config, run, resume } = options;
  if (method === "clean-labels" && encoded.clean === undefined) cleanLabels(data.train); // says what is missing
  const train = method === "clean-labels" && encoded.clean ? encoded.clean : encoded.train;
  if (config.lossTarget === "steps" && encoded.meta.stepLabel.every(Number.isNaN)) {
    throw new Error(`${data.meta.source.path}: no solution has step labels, which the loss target "steps" needs`);
  }
  const phases = phasesOf(method, config, train, data.train.domains, seed);
  const restored = resume && (resume.extra as CheckpointExtra);
  let carry: Carry = {
    ...(resume?.trees.carryPhi && { phi: resume.trees.carryPhi }),
    ...(resume?.trees.carryAlpha && { alpha: resume.trees.carryAlpha }),
  };
  let result: PhaseResult | undefined;
  let offset = 0;
  for (const [index, phase] of phases.entries()) {
    const skipped = restored !== undefined && index < restored.phase;
    if (!skipped) {
      const here = restored?.phase === index ? resume : undefined;
      result = await runPhase(phase, { index, offset, carry, train, resume: here }, options);
      carry = { phi: result.state.phi, alpha: result.average ?? result.state.alpha };
    }
    offset += phase.iterations;
  }
  if (result === undefined) throw new Error(`the checkpoint of "${method}" lies behind its last phase`);
  const { state, average, problem, best, timeScales } = result;
  if (timeScales?.warning !== undefined) run.note(timeScales.warning);
  const phi = best?.phi ?? state.phi;
  const evaluation = evaluateRun({ problem, phi, alpha: state.alpha, average, data, encoded, train, config });
  return {
    method,
    seed,
    run: run.id,
    ...evaluation,
    ...(timeScales && { timeScales }),
    ...(best && { bestIteration: best.iteration }),
    phi,
    alpha: state.alpha,
  };
}

interface PhaseResult {
  readonly state: BilevelState;
  readonly problem: BilevelProblem<StepBatch, SolutionBatch>;
  readonly average?: PlainParams;
  readonly best?: { readonly iteration: number; readonly phi: PlainParams };
  readonly timeScales?: TimeScales;
}

interface PhaseContext {
  readonly index: number;
  /** iterations of the phases before */
  readonly offset: number;
  readonly carry: Carry;
  readonly train: EncodedStudy["train"];
  readonly resume: Checkpoint | undefined;
}

interface CheckpointExtra {
  /** iterations of all phases so far */
  readonly step: number;
  readonly phase: number;
  readonly averaged: number;
  readonly best: { readonly iteration: number; readonly loss: number } | null;
  readonly withoutGain: number;
}

async function runPhase(
  phase: Phase,
  { index, offset, carry, train, resume }: PhaseContext,
  { seed, config, encoded, run, checkpoint, onIteration }: TrainRun,
): Promise<PhaseResult> {
  const problem = startingAt(phase.problem(carry), phase.continues ? carry.phi : undefined);
  const upper = phase.doremi ? doremiUpper : config.upper;
  const solver = solveBilevel(problem, batchesOf(phase, carry, train, encoded, config, seed), {
    iterations: phase.iterations,
    gradientAccumulation: config.gradientAccumulation,
    seed,
    lower: config.lower,
    ...(phase.bilevel && { upper }),
    ...(resume && { resume: resume.state }),
  });
  const average = new AlphaAverage(phase.iterations, config.averageLast);
  const validator = new Validator(problem, encoded.validation, config);
  const speeds = new SpeedMeter();
  if (resume) {
    const { averaged, best, withoutGain } = resume.extra as CheckpointExtra;
    average.restore(averaged, resume.trees.average);
    validator.restore(best && { ...best, phi: resume.trees.best }, withoutGain);
  }
  const losses: Record<string, number> = {};
  const glance = Math.max(1, Math.floor(phase.iterations / 20));
  for await (const iteration of solver) {
    const count = iteration.iteration;
    run.log(shifted(iteration, offset));
    losses.lower = iteration.lower.loss;
    if (iteration.upper) losses.upper = iteration.upper.loss;
    onIteration?.(offset + count, losses);
    if (phase.bilevel && average.due(count)) average.add(solver.state().alpha);
    if (phase.bilevel && count % glance === 0) speeds.note(solver.state());
    if (validator.due(count)) {
      validator.look(count, solver.state());
      if (validator.stop) break;
    }
    if (checkpoint !== undefined && config.checkpointEvery > 0 && count % config.checkpointEvery === 0) {
      const { samples, mean } = average.state();
      const { best, withoutGain } = validator;
      const extra: CheckpointExtra = {
        step: offset + count,
        phase: index,
        averaged: samples,
        best: best ? { iteration: best.iteration, loss: best.loss } : null,
        withoutGain,
      };
      await saveCheckpoint(checkpoint, solver.state(), extra, {
        average: mean,
        ...(best && { best: best.phi }),
        ...(carry.phi && { carryPhi: carry.phi }),
        ...(carry.alpha && { carryAlpha: carry.alpha }),
      });
    }
  }
  const timeScales = speeds.report();
  return {
    state: solver.state(),
    problem,
    ...(average.value && { average: average.value }),
    ...(validator.best && { best: validator.best }),
    ...(timeScales && { timeScales }),
  };
}

/** the weights' logarithms move by the excess losses themselves */
const doremiUpper: UpperOptions = { optimizer: { kind: "sgd" }, learningRate: 1, hypergradient: { method: "dot" } };

function startingAt<L, U>(problem: BilevelProblem<L, U>, phi: PlainParams | undefined): BilevelProblem<L, U> {
  if (phi === undefined) return problem;
  return {
    ...problem,
    init: (seed) => {
      const start = problem.init(seed);
      tf.dispose(start.phi);
      return { ...start, phi: fromPlain(phi) };
    },
  };
}

function batchesOf(
  phase: Phase,
  carry: Carry,
  train: EncodedStudy["train"],
  { meta }: EncodedStudy,
  { batchSize, metaBatchSize, balancedMeta, prm, stepLoss }: StudyConfig,
  seed: number,
): BatchSource<StepBatch, SolutionBatch> {
  // every phase has an order of its own
  const batches = prmBatches({ train, meta, batchSize, metaBatchSize, balancedMeta, seed, stream: phase.name });
  if (!phase.doremi) return batches;
  const phi = fromPlain(carry.phi ?? {});
  const losses = rowLosses(prmProblem({ prm, weighting: uniform(), stepLoss }), phi, train);
  tf.dispose(phi);
  const rows = sampler(train.target.length, batchSize, `${seed}/excess`, "training set");
  const upper = (k: number) => {
    const chosen = rows(k);
    const referenceLoss_B = tf.tensor1d(Float32Array.from(chosen, (row) => losses[row]));
    return { ...stepBatch(train, chosen), referenceLoss_B };
  };
  return { lower: batches.lower, upper: upper as unknown as (k: number) => SolutionBatch };
}

function shifted(iteration: Iteration, offset: number): LoggedIteration {
  return offset === 0 ? iteration : { ...iteration, iteration: iteration.iteration + offset };
}
