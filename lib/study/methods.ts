import * as tf from "@tensorflow/tfjs-core";
import type { BilevelProblem } from "../bilevel/problem.js";
import { fromPlain, type PlainParams } from "../core/tree.js";
import { type SolutionBatch, type StepBatch } from "../data/batch.js";
import { type EncodedSteps } from "../data/encode.js";
import { doremiProblem } from "../model/doremi.js";
import { type PrmProblem, prmProblem } from "../model/prmProblem.js";
import { rowLosses } from "../model/rowWeights.js";
import { fixedDomainWeights, fixedInstanceWeights } from "../weighting/fixed.js";
import { balanceDomains, selectByUncertainty, selectRandom, selectSmallLoss } from "../weighting/selection.js";
import { uniform } from "../weighting/uniform.js";
import type { Weighting } from "../weighting/weighting.js";
import type { StudyConfig } from "./config.js";
import { fixedWeights, learnedWeighting } from "./weightings.js";

/** Ways to weight training data, with what they do. */
export const methods = {
  vanilla: "all weights 1",
  "clean-labels": "all weights 1 on the true labels: the upper bound",
  "domain-table": "one learned weight per domain (DreamPRM)",
  "instance-table": "one learned weight per training row (DreamPRM-1.5)",
  "instance-net": "weights from a small network that sees label, score, loss and position",
  "instance-net-published": "weights from a small network that sees the two probabilities (DreamPRM-1.5)",
  "meta-weight-net": "weights from a small network that sees the loss (Meta-Weight-Net)",
  "domain-instance": "a domain's learned weight times a row's",
  doremi: "domain weights by excess loss over a reference model, without meta set (DoReMi)",
  "balanced-domains": "every domain the same sum of weights",
  "small-loss": "the share of each domain's rows with the smallest loss",
  "certain-labels": "rows whose accuracy is 0 or 1",
  "uncertain-labels": "rows whose accuracy lies between 0 and 1",
  "random-rows": "a random share of the rows",
  "fixed-weights": "given or formerly learned weights",
} as const;

export type Method = keyof typeof methods;
export const methodNames = Object.keys(methods) as Method[];

/** Methods whose weights an upper level learns on the meta set. */
export const learned: ReadonlySet<Method> = new Set<Method>([
  "domain-table",
  "instance-table",
  "instance-net",
  "instance-net-published",
  "meta-weight-net",
  "domain-instance",
]);

/** DoReMi's problem tells nothing of its weights. */
export type StudyProblem = BilevelProblem<StepBatch, SolutionBatch> & Partial<Pick<PrmProblem, "blindWeights">>;

/** One training after another; what one leaves the next may use. */
export interface Phase {
  readonly name: string;
  readonly iterations: number;
  /** the upper level takes part */
  readonly bilevel: boolean;
  /** the problem, given what the phases before left */
  readonly problem: (carry: Carry) => StudyProblem;
  readonly doremi?: boolean;
  /** φ starts where the phase before left it */
  readonly continues?: boolean;
}

/** What a finished phase leaves to the next. */
export interface Carry {
  readonly phi?: PlainParams;
  /** averaged where the phase learned weights */
  readonly alpha?: PlainParams;
}

/** The phases by which a method trains. */
export function phasesOf(
  method: Method,
  config: StudyConfig,
  train: EncodedSteps,
  domains: readonly string[],
  seed: number,
): Phase[] {
  const { iterations, coldStartIterations, keepShare } = config;
  const problemOf = (weighting: Weighting) =>
    prmProblem({
      prm: config.prm,
      weighting,
      stepLoss: config.stepLoss,
      aggregation: config.aggregation,
      lossTarget: config.lossTarget,
      metaLoss: config.metaLoss,
    });
  const supervised = (name: string, weighting: (carry: Carry) => Weighting, length = iterations): Phase => ({
    name,
    iterations: length,
    bilevel: false,
    problem: (carry) => problemOf(weighting(carry)),
  });
  const rows = (weights: Float32Array) => {
    if (config.instance === "solution") throw new Error(`"${method}" weighs single steps, not whole solutions`);
    return fixedInstanceWeights(weights);
  };
  const reference = supervised("reference", () => uniform(), config.referenceIterations);
  switch (method) {
    case "vanilla":
    case "clean-labels":
      return [supervised("train", () => uniform())];
    case "balanced-domains":
      return [supervised("train", () => rows(balanceDomains(train.domain)))];
    case "certain-labels":
      return [supervised("train", () => rows(selectByUncertainty(train.target, "certain")))];
    case "uncertain-labels":
      return [supervised("train", () => rows(selectByUncertainty(train.target, "uncertain")))];
    case "random-rows":
      return [supervised("train", () => rows(selectRandom(train.target.length, keepShare, seed)))];
    case "small-loss": {
      const chosen = ({ phi = {} }: Carry) => {
        const params = fromPlain(phi);
        const losses = rowLosses(problemOf(uniform()), params, train);
        Object.values(params).forEach((tensor) => tensor.dispose());
        return rows(selectSmallLoss(losses, keepShare, train.domain));
      };
      return [reference, supervised("train", chosen)];
    }
    case "doremi": {
      const { prm, stepLoss } = config;
      // by the mean of the logarithms of the weights, where the paper takes that of the weights
      const table = ({ alpha = {} }: Carry) => {
        const { weights } = doremiProblem({ prm, domains, stepLoss });
        const values = tf.tidy(() => weights.vector(fromPlain(alpha)).dataSync());
        return fixedDomainWeights(domains, Object.fromEntries(domains.map((domain, k) => [domain, values[k]])));
      };
      const proxy: Phase = {
        name: "doremi",
        iterations: config.referenceIterations,
        bilevel: true,
        doremi: true,
        problem: () => doremiProblem({ prm, domains, stepLoss }) as unknown as BilevelProblem<StepBatch, SolutionBatch>,
      };
      return [reference, proxy, supervised("train", table)];
    }
    case "fixed-weights":
      return [supervised("train", () => fixedWeights(config, domains, train))];
    default: {
      const weighting = learnedWeighting(method, config, train, domains);
      const bilevel: Phase = { name: "train", iterations, bilevel: true, problem: () => problemOf(weighting) };
      const continued = { ...bilevel, continues: true };
      const cold = supervised("cold start", () => uniform(), coldStartIterations);
      return coldStartIterations > 0 ? [cold, continued] : [bilevel];
    }
  }
}
