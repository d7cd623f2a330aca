import type { Solution } from "../data/types.js";
import { mean, rocAuc } from "./metrics.js";

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
  const byDomain = new Map<string, { scores: number[]; labels: (0 | 1)[] }>();
  let step = 0;
  for (const { steps, stepLabels, domain = "all" } of solutions) {
    const group = byDomain.get(domain) ?? { scores: [], labels: [] };
    byDomain.set(domain, group);
    steps.forEach((_, i) => {
      const label = stepLabels?.[i] ?? null;
      if (label !== null) {
        group.scores.push(scores[step]);
        group.labels.push(label);
      }
      step++;
    });
  }
  if (step !== scores.length) throw new RangeError(`evaluateSteps: ${scores.length} scores for ${step} steps`);
  const aucs = [...byDomain].flatMap(([domain, { scores, labels }]): [string, number][] => {
    const auc = rocAuc(scores, labels);
    return auc === undefined ? [] : [[domain, auc]];
  });
  const values = aucs.map(([, auc]) => auc);
  return { meanAuc: values.length > 0 ? mean(values) : undefined, aucByDomain: Object.fromEntries(aucs) };
}
