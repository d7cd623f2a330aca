/**
 * What every stage after loading sees. The formats of files are in `dreamprm.ts`, `dreamprm15.ts` and `sources/`.
 */

/** What the PRM scores: the last of `steps`, given the question and the steps before it. */
export interface StepInput {
  readonly question: string;
  /** 1 … S steps; the last one is scored */
  readonly steps: readonly string[];
  /** path from where the program runs, or a URL */
  readonly image?: string;
}

/** A training row: one step prefix with its soft label. */
export interface StepSample extends StepInput {
  readonly id: string;
  readonly questionId: string;
  readonly domain: string;
  /** Monte-Carlo accuracy in [0, 1] */
  readonly target: number;
  /** Monte-Carlo counts behind `target`, where the file has them */
  readonly score?: number;
  readonly times?: number;
  /** the step is right (1) or wrong (0) according to people or by construction; used by evaluation and "clean labels" only */
  readonly trueLabel?: 0 | 1;
}

/** A whole response with the outcome of its final answer. */
export interface Solution {
  readonly id: string;
  readonly questionId: string;
  readonly question: string;
  /** at least one; a response without recognisable steps is one step, an empty one where there is no response at all */
  readonly steps: readonly string[];
  readonly image?: string;
  readonly domain?: string;
  /** r: the final answer is right */
  readonly correct: boolean;
  /** `correct` was made from labels of the steps or by comparing answers, since the source does not state it */
  readonly outcomeDerived?: true;
  /** per step: right 1, wrong 0, unlabelled null */
  readonly stepLabels?: readonly (0 | 1 | null)[];
  /** the step labels come from sampling: no truth to evaluate against */
  readonly stepLabelsEstimated?: true;
  /** per step the Monte-Carlo share of completions that end in the right answer, where the source gives that */
  readonly stepShares?: readonly (number | null)[];
  /** so many leading steps are those of another solution of the question, whose training rows hold them */
  readonly sharedSteps?: number;
  /** the model that wrote it */
  readonly generator?: string;
  /** the final answer that it gives */
  readonly answer?: string;
}

/** All candidate solutions of one question, for best-of-N. */
export interface Pool {
  readonly questionId: string;
  readonly question: string;
  readonly image?: string;
  readonly domain?: string;
  readonly candidates: readonly Solution[];
}

/** Where data came from; a run stores it. */
export interface Source {
  readonly path: string;
  readonly sha256: string;
  readonly rows: number;
}

export interface TrainSet {
  readonly samples: readonly StepSample[];
  /** distinct domains in order of first appearance */
  readonly domains: readonly string[];
  readonly source: Source;
  /** what the rows of conversations tell the model first, where all say the same */
  readonly system?: string;
}

export interface SolutionSet {
  readonly solutions: readonly Solution[];
  readonly source: Source;
  /** rows whose text holds no recognisable steps: kept as one step, or left out when `withoutSteps: "skip"` */
  readonly withoutSteps: number;
  /** the solutions by question, where the file's rows are pools of candidates */
  readonly pools?: readonly Pool[];
}
