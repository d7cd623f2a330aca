import type { McNemar } from "./mcNemar.js";
import type { Selector } from "./selectors.js";

/** A mean over questions with its bootstrap interval. */
export interface Estimate {
  readonly mean: number;
  /** left out for a single question */
  readonly interval?: readonly [low: number, high: number];
}

export interface SelectorEvaluation extends Estimate {
  readonly name: string;
  readonly kind: Selector["kind"];
  readonly bySubset: Readonly<Record<string, Estimate>>;
  /** best-of-k, in the order of `ks`; left out for a selector to which k makes no difference */
  readonly curve?: readonly Estimate[];
  /** mean over questions by training of the reward model, where there are several, and its sample standard deviation */
  readonly runs?: readonly number[];
  readonly std?: number;
  /** standard error that drawing k-subsets brings into the curve, by k; where all subsets were counted it is left out */
  readonly monteCarloError?: readonly number[];
  /** against `PoolEvaluation.against`, on the same questions */
  readonly comparison?: SelectorComparison;
}

export interface SelectorComparison {
  /** mean difference, question by question */
  readonly difference: Estimate;
  /** left out where one of both does not choose one candidate on every question */
  readonly mcNemar?: McNemar;
}

export interface PoolEvaluation {
  readonly questions: number;
  readonly candidates: number;
  /** questions of which no candidate has an answer: a vote takes the first candidate there */
  readonly withoutAnswers: number;
  readonly subsets: Readonly<Record<string, { readonly questions: number; readonly candidates: number }>>;
  /** powers of two, and the most candidates that a question has; each over the questions that have so many */
  readonly ks: readonly { readonly k: number; readonly questions: number }[];
  readonly selectors: readonly SelectorEvaluation[];
  /** accuracy by generator; the best one is among the selectors, chosen on these same questions */
  readonly generators: Readonly<Record<string, Estimate>>;
  /** name of the selector that the others are compared with */
  readonly against: string;
  readonly bootstrap: { readonly seed: number; readonly resamples: number; readonly level: number };
}
