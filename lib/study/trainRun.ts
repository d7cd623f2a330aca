import type { Checkpoint } from "../bilevel/checkpoint.js";
import type { TimeScales } from "../bilevel/timeScales.js";
import type { PlainParams } from "../core/tree.js";
import { encodeSolutions, encodeSteps } from "../data/encode.js";
import { cleanLabels } from "../data/labels.js";
import type { LoggedIteration } from "../tracker/run.js";
import type { StudyConfig, StudyData } from "./config.js";
import { evaluateRun, type RunEvaluation } from "./evaluate.js";
import { type Carry, type Method, phasesOf } from "./methods.js";
import { type CheckpointExtra, type PhaseResult, runPhase } from "./phase.js";

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
  /** training is over, what it came to is measured */
  readonly onEvaluate?: () => void;
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
    ...(meta && { meta: encodeSolutions(meta.solutions, encoder) }),
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
  if (config.lossTarget === "steps" && encoded.meta?.stepLabel.every(Number.isNaN)) {
    throw new Error(`${data.meta?.source.path}: no solution has step labels, which the loss target "steps" needs`);
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
  options.onEvaluate?.();
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
