import * as tf from "@tensorflow/tfjs-core";
import type { BilevelOptions, BilevelState, UpperOptions } from "../bilevel/engine.js";
import { solveBilevel } from "../bilevel/engine.js";
import { fromPlain, type PlainParams } from "../core/tree.js";
import { encodeSolutions, encodeSteps, prmBatches } from "../data/batch.js";
import { cleanLabels } from "../data/labels.js";
import type { Pool, SolutionSet, TrainSet } from "../data/types.js";
import type { Aggregation } from "../loss/aggregate.js";
import type { StepLoss } from "../loss/step.js";
import { prmProblem } from "../model/prmProblem.js";
import type { RewardModel } from "../model/rewardModel.js";
import { scoreSolutions, scoreSteps } from "../model/score.js";
import { bestOfN, type ScoredPool } from "../select/bestOfN.js";
import { evaluateSteps, type StepEvaluation } from "../select/evaluate.js";
import type { Encoder } from "../text/features.js";
import type { Run } from "../tracker/run.js";
import { domainTable } from "../weighting/domainTable.js";
import { fixedDomainWeights, uniform } from "../weighting/uniform.js";
import type { Weighting } from "../weighting/weighting.js";

export const methods = ["vanilla", "domain-table", "clean-labels", "fixed-weights"] as const;
export type Method = (typeof methods)[number];

export interface StudyData {
  readonly train: TrainSet;
  readonly meta: SolutionSet;
  /** solutions with step labels, from other questions */
  readonly test?: SolutionSet;
  readonly pools?: readonly Pool[];
}

export interface StudyConfig {
  readonly prm: RewardModel;
  readonly encoder: Encoder;
  readonly stepLoss: StepLoss;
  readonly aggregation: Aggregation;
  readonly batchSize: number;
  readonly metaBatchSize: number;
  readonly lower: BilevelOptions["lower"];
  readonly upper: UpperOptions;
  readonly iterations: number;
  readonly gradientAccumulation: number;
  /** of "fixed-weights" */
  readonly domainWeights?: Readonly<Record<string, number>>;
}

/** What one run came to. */
export interface Outcome {
  readonly method: Method;
  readonly seed: number;
  readonly run: string;
  readonly weights?: Readonly<Record<string, number>>;
  readonly steps?: StepEvaluation;
  /** best-of-N accuracy on the pools */
  readonly bestOfN?: number;
  readonly state: BilevelState;
}

/** The data of a study, encoded once for all its runs. */
export function encodeStudy({ train, meta, test, pools }: StudyData, encoder: Encoder) {
  const candidates = pools?.flatMap((pool) => pool.candidates);
  return {
    train: encodeSteps(train, encoder),
    meta: encodeSolutions(meta.solutions, encoder),
    ...(test && { test: encodeSolutions(test.solutions, encoder) }),
    ...(candidates && { candidates: encodeSolutions(candidates, encoder) }),
  };
}

/** Trains one PRM by one method from one seed, logging every iteration, and evaluates it. */
export async function trainOnce(
  method: Method,
  seed: number,
  data: StudyData,
  encoded: ReturnType<typeof encodeStudy>,
  config: StudyConfig,
  run: Run,
  onIteration: (iteration: number, losses: Record<string, number>, phi: () => PlainParams) => Promise<void> | void,
): Promise<Outcome> {
  const { prm, encoder, stepLoss, aggregation, batchSize, metaBatchSize, lower, upper } = config;
  const train = method === "clean-labels" ? encodeSteps(cleanLabels(data.train), encoder) : encoded.train;
  const weighting = weightingOf(method, data.train.domains, config);
  const problem = prmProblem({ prm, weighting, stepLoss, aggregation });
  const solver = solveBilevel(problem, prmBatches({ train, meta: encoded.meta, batchSize, metaBatchSize, seed }), {
    iterations: config.iterations,
    gradientAccumulation: config.gradientAccumulation,
    seed,
    lower,
    ...(method === "domain-table" && { upper }),
  });
  const losses: Record<string, number> = {};
  for await (const iteration of solver) {
    run.log(iteration);
    losses.lower = iteration.lower.loss;
    if (iteration.upper) losses.upper = iteration.upper.loss;
    await onIteration(iteration.iteration, losses, () => solver.state().phi);
  }
  const state = solver.state();
  const weights = recordedWeights(weighting, state);
  return { method, seed, run: run.id, ...(weights && { weights }), ...evaluate(state, data, encoded, config), state };
}

function weightingOf(method: Method, domains: readonly string[], { domainWeights }: StudyConfig): Weighting {
  switch (method) {
    case "vanilla":
    case "clean-labels":
      return uniform();
    case "domain-table":
      return domainTable(domains);
    case "fixed-weights":
      return fixedDomainWeights(domains, domainWeights ?? {});
  }
}

function recordedWeights(weighting: Weighting, state: BilevelState): Record<string, number> | undefined {
  const { names, vector } = weighting;
  if (names === undefined || vector === undefined) return undefined;
  const values = tf.tidy(() => vector(fromPlain(state.alpha)).dataSync());
  return Object.fromEntries(names.map((name, k) => [name, values[k]]));
}

function evaluate(
  state: BilevelState,
  { test, pools }: StudyData,
  encoded: ReturnType<typeof encodeStudy>,
  { prm, aggregation }: StudyConfig,
): Pick<Outcome, "steps" | "bestOfN"> {
  const phi = fromPlain(state.phi);
  try {
    const steps = test && encoded.test && evaluateSteps(test.solutions, scoreSteps(prm, phi, encoded.test.features));
    const scores = encoded.candidates && scoreSolutions(prm, phi, encoded.candidates, aggregation);
    return { ...(steps && { steps }), ...(pools && scores && { bestOfN: bestOfN(scoredPools(pools, scores)) }) };
  } finally {
    tf.dispose(phi);
  }
}

/** Scores of all candidates, pool by pool, next to whether they are right. */
export function scoredPools(pools: readonly Pool[], scores: ArrayLike<number>): ScoredPool[] {
  let next = 0;
  return pools.map(({ candidates }) => ({
    scores: candidates.map(() => scores[next++]),
    correct: candidates.map(({ correct }) => correct),
  }));
}
