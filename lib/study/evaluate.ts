import * as tf from "@tensorflow/tfjs-core";
import type { BilevelProblem } from "../bilevel/problem.js";
import { mean } from "../core/statistics.js";
import { fromPlain, type PlainParams } from "../core/tree.js";
import type { SolutionBatch, StepBatch } from "../data/batch.js";
import type { Pool, TrainSet } from "../data/types.js";
import { rowWeights } from "../model/rowWeights.js";
import { scoreSolutions, scoreSteps } from "../model/score.js";
import { bestOfN, type ScoredPool } from "../select/bestOfN.js";
import { evaluateSolutions, evaluateSteps, type SolutionScores, type StepEvaluation } from "../select/evaluate.js";
import type { PrmMetrics } from "../select/prmMetrics.js";
import { evaluateWeights, type WeightEvaluation } from "../select/weights.js";
import type { StudyConfig, StudyData } from "./config.js";
import type { StudyProblem } from "./methods.js";
import type { EncodedStudy } from "./trainRun.js";

/** The numbers of one trained PRM. */
export interface RunEvaluation {
  /** each domain's weight; where rows have their own, the mean of the domain's rows over that of all rows */
  readonly weights?: Readonly<Record<string, number>>;
  /** of the rows' weights at the end, and of those by averaged α; `wrongLabelAuc`: how well they find wrong labels */
  readonly rowWeights?: WeightEvaluation;
  readonly averagedRowWeights?: WeightEvaluation;
  /** where rows have weights of their own: each row's, by averaged α if there is one */
  readonly weightsByRow?: Float32Array;
  readonly steps?: StepEvaluation;
  /** all metrics, mean over domains; thresholds from the validation set */
  readonly metrics?: PrmMetrics;
  /** best-of-N accuracy on the pools */
  readonly bestOfN?: number;
}

export function evaluateRun({
  problem,
  phi: plainPhi,
  alpha,
  average,
  data,
  encoded,
  train,
  config: { prm, aggregation },
}: {
  problem: StudyProblem;
  phi: PlainParams;
  alpha: PlainParams;
  average: PlainParams | undefined;
  data: StudyData;
  encoded: EncodedStudy;
  train: EncodedStudy["train"];
  config: Pick<StudyConfig, "prm" | "aggregation">;
}): RunEvaluation {
  const { test, validation, pools } = data;
  const phi = fromPlain(plainPhi);
  try {
    const scored = (
      solutions: NonNullable<StudyData["test"]>["solutions"],
      own: NonNullable<EncodedStudy["test"]>,
    ): SolutionScores => ({
      solutions,
      stepScores: scoreSteps(prm, phi, own.features).map(sigmoid),
      solutionScores: scoreSolutions(prm, phi, own, aggregation),
    });
    const onTest = test && encoded.test && scored(test.solutions, encoded.test);
    const onValidation = validation && encoded.validation && scored(validation.solutions, encoded.validation);
    const poolScores = encoded.candidates && scoreSolutions(prm, phi, encoded.candidates, aggregation);
    const uses = Object.keys(alpha).length > 0 && problem.weighted !== undefined;
    const unasked = problem.blindWeights ? withoutAnswers(problem) : problem;
    const weightsBy = (plain: PlainParams) => tf.tidy(() => rowWeights(unasked, phi, fromPlain(plain), train));
    const raw = uses ? weightsBy(alpha) : undefined;
    const averaged = uses && average ? weightsBy(average) : undefined;
    const table = domainWeights(problem, alpha, data.train.domains);
    const weights = table ?? (raw && byDomain(raw, data.train));
    return {
      ...(weights && { weights }),
      ...(raw && { rowWeights: judged(raw, data.train) }),
      ...(raw && !table && { weightsByRow: averaged ?? raw }),
      ...(averaged && { averagedRowWeights: judged(averaged, data.train) }),
      ...(onTest && {
        steps: evaluateSteps(onTest.solutions, onTest.stepScores),
        metrics: evaluateSolutions(onTest, onValidation ? { validation: onValidation } : {}).macro,
      }),
      ...(pools && poolScores && { bestOfN: bestOfN(scoredPools(pools, poolScores)) }),
    };
  } finally {
    tf.dispose(phi);
  }
}

/** Saves weights that ignore the model's answer a forward pass over all training rows. */
function withoutAnswers({ weighted, ...problem }: StudyProblem): StudyProblem {
  return { ...problem, ...(weighted && { weighted: { ...weighted, losses: () => ({ loss_B: tf.tensor1d([]) }) } }) };
}

/** Of the rows whose true label is known, wrong ones are those whose label lies on the other side of ½. */
function judged(weights: Float32Array, { samples }: TrainSet): WeightEvaluation {
  // without an activation, with LeakyReLU or the published clip weights can be below 0: they count as 0 here
  const values = Array.from(weights, (w) => Math.max(0, w));
  const known = samples.flatMap(({ target, trueLabel }, n) =>
    trueLabel === undefined ? [] : [{ weight: values[n], right: Math.abs(target - trueLabel) <= 0.5 }],
  );
  const { wrongLabelAuc } = evaluateWeights(
    known.map(({ weight }) => weight),
    { labelRight: known.map(({ right }) => right) },
  );
  return { ...evaluateWeights(values), ...(wrongLabelAuc !== undefined && { wrongLabelAuc }) };
}

/** The weights of a weighting by domain, given or learned. */
function domainWeights(
  { weights }: Pick<BilevelProblem<StepBatch, SolutionBatch>, "weights">,
  alpha: PlainParams,
  domains: readonly string[],
): Record<string, number> | undefined {
  if (weights === undefined || weights.names.join("\n") !== domains.join("\n")) return undefined;
  const values = tf.tidy(() => weights.vector(fromPlain(alpha)).dataSync());
  return Object.fromEntries(domains.map((domain, k) => [domain, values[k]]));
}

function byDomain(weights: Float32Array, { samples, domains }: TrainSet): Record<string, number> {
  const all = mean(Array.from(weights)) || 1;
  return Object.fromEntries(
    domains.map((domain) => [domain, mean(Array.from(weights).filter((_, n) => samples[n].domain === domain)) / all]),
  );
}

const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));

/** Scores of all candidates, pool by pool, next to whether they are right. */
export function scoredPools(pools: readonly Pool[], scores: ArrayLike<number>): ScoredPool[] {
  let next = 0;
  return pools.map(({ candidates }) => ({
    scores: candidates.map(() => scores[next++]),
    correct: candidates.map(({ correct }) => correct),
  }));
}
