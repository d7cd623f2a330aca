import { mean } from "../core/statistics.js";
import { refuseOverlap } from "../data/split.js";
import type { Solution } from "../data/types.js";
import { type BinOptions, type CalibrationBin, calibrationCurve } from "./calibration.js";
import { type Confusion, prmScore } from "./confusion.js";
import { chooseFirstErrorThreshold, labelledFirstError } from "./firstError.js";
import { requireProbabilities } from "./labels.js";
import {
  labelledSteps,
  macroAverage,
  prmMetrics,
  type PrmMetrics,
  type ScoredSolution,
  type Thresholds,
} from "./prmMetrics.js";
import { rocAuc } from "./rocAuc.js";
import { chooseThreshold } from "./threshold.js";

/** Step-level ROC-AUC against the steps' true labels. */
export interface StepEvaluation {
  /** mean over the domains in which both right and wrong steps are labelled */
  readonly meanAuc: number | undefined;
  readonly aucByDomain: Readonly<Record<string, number>>;
}

/**
 * ROC-AUC of step scores, domain by domain; steps without a label are left out.
 *
 * @param solutions  with `stepLabels`
 * @param scores     any increasing function of the step scores, one per step, solution by solution
 * @throws RangeError when the numbers of steps and scores differ
 */
export function evaluateSteps(solutions: readonly Solution[], scores: ArrayLike<number>): StepEvaluation {
  const domains = byDomain(withScores({ solutions, stepScores: scores }, "evaluateSteps"));
  const aucs = [...domains].flatMap(([domain, group]): [string, number][] => {
    const { scores, labels } = labelledSteps(group);
    const auc = rocAuc(scores, labels);
    return auc === undefined ? [] : [[domain, auc]];
  });
  const values = aucs.map(([, auc]) => auc);
  return { meanAuc: values.length > 0 ? mean(values) : undefined, aucByDomain: Object.fromEntries(aucs) };
}

/** Solutions with what a PRM says about them. */
export interface SolutionScores {
  readonly solutions: readonly Solution[];
  /** σ of the step logits, in [0, 1], one per step, solution by solution */
  readonly stepScores: ArrayLike<number>;
  /** any increasing function of the aggregated scores, one per solution */
  readonly solutionScores?: ArrayLike<number>;
}

/**
 * The thresholds that are best on validation solutions, one for all domains: for steps by `stepCriterion`, for first
 * errors by ProcessBench's F1. One is left out where the validation solutions do not have both classes.
 *
 * @param options.stepCriterion  defaults to `prmScore`, because F1 alone likes to call every step right
 */
export function chooseThresholds(
  validation: SolutionScores,
  { stepCriterion = prmScore }: { stepCriterion?: (confusion: Confusion) => number | undefined } = {},
): Thresholds {
  const scored = withScores(validation, "chooseThresholds");
  const { scores, labels } = labelledSteps(scored);
  const step = chooseThreshold(scores, labels, stepCriterion);
  const firstError = chooseFirstErrorThreshold(
    scored.flatMap((solution) => {
      const index = labelledFirstError(solution.labels);
      return index === undefined ? [] : [{ scores: solution.scores, firstError: index }];
    }),
  );
  return { ...(step && { step: step.threshold }), ...(firstError && { firstError: firstError.threshold }) };
}

export interface SolutionEvaluation {
  readonly thresholds: Thresholds;
  readonly byDomain: Readonly<Record<string, DomainEvaluation>>;
  /** per metric the mean over the domains that have it */
  readonly macro: PrmMetrics;
  /** all solutions as one group */
  readonly micro: PrmMetrics;
  /** of all labelled steps */
  readonly calibration: readonly CalibrationBin[];
}

export interface DomainEvaluation extends PrmMetrics {
  readonly solutions: number;
  readonly labelledSteps: number;
  readonly calibration: readonly CalibrationBin[];
}

export type SolutionEvaluationOptions = BinOptions & {
  /** solutions of other questions, on which `chooseThresholds` chooses; refused when a question is shared */
  readonly validation?: SolutionScores;
  /** instead of `validation`: thresholds that were fixed beforehand */
  readonly thresholds?: Thresholds;
};

/**
 * All metrics of a PRM, by domain, macro and micro; solutions without a domain make the domain "all". Metrics that need
 * a threshold are left out without `validation` and `thresholds`: a threshold is never chosen on the test solutions.
 *
 * @example
 * const { macro } = evaluateSolutions({ solutions: test, stepScores }, { validation: { solutions, stepScores: other } });
 *
 * @throws RangeError when the numbers of steps, solutions and scores differ, or a step score lies outside [0, 1]
 * @throws Error naming the questions that test and validation share
 */
export function evaluateSolutions(
  test: SolutionScores,
  { validation, thresholds, bins = 10, equal = "width" }: SolutionEvaluationOptions = {},
): SolutionEvaluation {
  if (validation && thresholds) {
    throw new RangeError("evaluateSolutions: give either validation or thresholds, not both");
  }
  if (validation) refuseOverlap({ validation: validation.solutions, test: test.solutions });
  const scored = withScores(test, "evaluateSolutions");
  scored.forEach(({ scores }, n) => requireProbabilities(scores, `evaluateSolutions: solution ${n}`));
  const used = thresholds ?? (validation ? chooseThresholds(validation) : {});
  const curve = (group: readonly ScoredSolution[]) => {
    const { scores, labels } = labelledSteps(group);
    return calibrationCurve(scores, labels, { bins, equal });
  };
  const domains = [...byDomain(scored)].map(([domain, group]) => ({
    domain,
    group,
    metrics: prmMetrics(group, used, { bins, equal }),
  }));
  return {
    thresholds: used,
    byDomain: Object.fromEntries(
      domains.map(({ domain, group, metrics }): [string, DomainEvaluation] => [
        domain,
        {
          ...metrics,
          solutions: group.length,
          labelledSteps: labelledSteps(group).scores.length,
          calibration: curve(group),
        },
      ]),
    ),
    macro: macroAverage(domains.map(({ metrics }) => metrics)),
    micro: prmMetrics(scored, used, { bins, equal }),
    calibration: curve(scored),
  };
}

function withScores({ solutions, stepScores, solutionScores }: SolutionScores, name: string): ScoredSolution[] {
  const steps = solutions.reduce((sum, solution) => sum + solution.steps.length, 0);
  if (steps !== stepScores.length) throw new RangeError(`${name}: ${stepScores.length} scores for ${steps} steps`);
  if (solutionScores && solutionScores.length !== solutions.length) {
    throw new RangeError(`${name}: ${solutionScores.length} scores for ${solutions.length} solutions`);
  }
  let next = 0;
  return solutions.map(({ steps, stepLabels, domain = "all", correct }, n) => ({
    domain,
    correct,
    scores: steps.map(() => stepScores[next++]),
    labels: steps.map((_, i) => stepLabels?.[i] ?? null),
    ...(solutionScores && { solutionScore: solutionScores[n] }),
  }));
}

function byDomain(solutions: readonly ScoredSolution[]): Map<string, ScoredSolution[]> {
  const domains = new Map<string, ScoredSolution[]>();
  for (const solution of solutions) {
    const group = domains.get(solution.domain) ?? [];
    domains.set(solution.domain, group);
    group.push(solution);
  }
  return domains;
}
