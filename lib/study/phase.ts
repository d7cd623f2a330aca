import * as tf from "@tensorflow/tfjs-core";
import { type Checkpoint, saveCheckpoint } from "../bilevel/checkpoint.js";
import { type BilevelState, type Iteration, solveBilevel, type UpperOptions } from "../bilevel/engine.js";
import type { BatchSource } from "../bilevel/problem.js";
import { SpeedMeter, type TimeScales } from "../bilevel/timeScales.js";
import { fromPlain, type PlainParams, toPlain } from "../core/tree.js";
import { prmBatches, type SolutionBatch, type StepBatch, stepBatch, trainRows } from "../data/batch.js";
import { prmProblem } from "../model/prmProblem.js";
import { rowLosses } from "../model/rowWeights.js";
import type { LoggedIteration } from "../tracker/run.js";
import { uniform } from "../weighting/uniform.js";
import { AlphaAverage } from "./average.js";
import type { StudyConfig } from "./config.js";
import type { Carry, Phase, StudyProblem } from "./methods.js";
import type { EncodedStudy, TrainRun } from "./trainRun.js";
import { Validator } from "./validator.js";

export interface PhaseResult {
  readonly state: BilevelState;
  readonly problem: StudyProblem;
  readonly average?: PlainParams;
  readonly best?: { readonly iteration: number; readonly phi: PlainParams };
  readonly timeScales?: TimeScales;
}

export interface PhaseContext {
  readonly index: number;
  /** iterations of the phases before */
  readonly offset: number;
  readonly carry: Carry;
  readonly train: EncodedStudy["train"];
  readonly resume: Checkpoint | undefined;
}

export interface CheckpointExtra {
  /** iterations of all phases so far */
  readonly step: number;
  readonly phase: number;
  readonly averaged: number;
  readonly best: { readonly iteration: number; readonly loss: number } | null;
  readonly withoutGain: number;
}

/** One phase, from its start or from a checkpoint within it. */
export async function runPhase(
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
    if (phase.bilevel && average.due(count)) average.add(plainAlpha(iteration));
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

function plainAlpha(iteration: Iteration): PlainParams {
  const alpha = iteration.alpha();
  const plain = toPlain(alpha);
  tf.dispose(alpha);
  return plain;
}

/** the weights' logarithms move by the excess losses themselves */
const doremiUpper: UpperOptions = { optimizer: { kind: "sgd" }, learningRate: 1, hypergradient: { method: "dot" } };

function startingAt(problem: StudyProblem, phi: PlainParams | undefined): StudyProblem {
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
  { unit = "step", batchSize, metaBatchSize, balancedMeta, prm, stepLoss }: StudyConfig,
  seed: number,
): BatchSource<StepBatch, SolutionBatch> {
  // every phase has an order of its own
  const batches = prmBatches({ train, meta, unit, batchSize, metaBatchSize, balancedMeta, seed, stream: phase.name });
  if (!phase.doremi) return batches;
  const phi = fromPlain(carry.phi ?? {});
  const losses = rowLosses(prmProblem({ prm, weighting: uniform(), stepLoss }), phi, train);
  tf.dispose(phi);
  const rows = trainRows(train, { unit, batchSize, seed: `${seed}/excess` });
  const upper = (k: number) => {
    const chosen = rows(k);
    const referenceLoss_B = tf.tensor1d(Float32Array.from(chosen, (row) => losses[row]));
    return { ...stepBatch(train, chosen, unit), referenceLoss_B };
  };
  return { lower: batches.lower, upper: upper as unknown as (k: number) => SolutionBatch };
}

function shifted(iteration: Iteration, offset: number): LoggedIteration {
  return offset === 0 ? iteration : { ...iteration, iteration: iteration.iteration + offset };
}
