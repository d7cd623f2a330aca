import { DataError } from "./dataError.js";
import type { Solution } from "./types.js";

/** What a source says of the steps, in the kind in which it says it. */
export type StepEvidence =
  /** Monte-Carlo: the share of completions from there that end in the right answer */
  | { readonly kind: "share"; readonly shares: readonly (number | null)[] }
  /** every step on its own: right 1, wrong 0, neither right nor wrong "neutral", nobody looked null */
  | {
      readonly kind: "step";
      readonly labels: readonly (0 | 1 | "neutral" | null)[];
      /** by sampling, not by people or by construction: no truth to evaluate against */
      readonly estimated?: true;
    }
  /** the index of the first wrong step, null when every step is right */
  | { readonly kind: "first-error"; readonly firstError: number | null }
  /** nothing but the outcome */
  | { readonly kind: "outcome" };

/** A response as its source describes it, before any label is made from another. */
export interface Attempt extends Omit<
  Solution,
  "correct" | "outcomeDerived" | "stepLabels" | "stepLabelsEstimated" | "stepShares"
> {
  /** the final answer is right, where the source says so */
  readonly outcome?: boolean;
  /** the right final answer, where the source has it */
  readonly reference?: string;
  readonly evidence: StepEvidence;
}

/** A solution whose outcome may be unknown: enough for training rows with the steps' own labels. */
export interface Labelled extends Omit<Solution, "correct"> {
  readonly correct?: boolean;
}

/** How labels are made from labels of another kind. A run stores these choices. */
export interface Derivation {
  /** what the steps after the first wrong one are, where the source names only that one; defaults to "wrong" */
  readonly afterError?: "wrong" | "unlabelled";
  /** what a step that is neither right nor wrong is; defaults to "unlabelled" */
  readonly neutral?: "unlabelled" | "right" | "wrong";
  /**
   * The outcome of a solution whose source gives none: its last step is right; every step is (neutral ones do not
   * count against it); or its answer is the reference. A share is right above ½. Defaults to refusing.
   */
  readonly outcome?: "last-step" | "every-step" | "answer";
}

const NEUTRAL = { unlabelled: null, right: 1, wrong: 0 } as const;

/** Makes labels as the options say; what cannot be known stays out. */
export function derive(attempt: Attempt, options: Derivation = {}): Labelled {
  const { outcome, reference: _, evidence, ...rest } = attempt;
  const correct = outcome ?? derivedOutcome(attempt, options.outcome);
  const stepLabels = labelsOf(evidence, attempt.steps.length, options);
  return {
    ...rest,
    ...(correct !== undefined && { correct }),
    ...(outcome === undefined && correct !== undefined && { outcomeDerived: true }),
    ...(stepLabels !== undefined && { stepLabels }),
    ...(evidence.kind === "step" && evidence.estimated && { stepLabelsEstimated: true }),
    ...(evidence.kind === "share" && { stepShares: evidence.shares }),
  };
}

function labelsOf(
  evidence: StepEvidence,
  steps: number,
  { afterError = "wrong", neutral = "unlabelled" }: Derivation,
): readonly (0 | 1 | null)[] | undefined {
  switch (evidence.kind) {
    case "step":
      return evidence.labels.map((label) => (label === "neutral" ? NEUTRAL[neutral] : label));
    case "first-error":
      return firstErrorLabels(steps, evidence.firstError, afterError);
    case "share":
    case "outcome":
      return undefined;
  }
}

/** Right before the first wrong step, wrong at it, and after it as `afterError` says. */
function firstErrorLabels(
  steps: number,
  firstError: number | null,
  afterError: "wrong" | "unlabelled",
): (0 | 1 | null)[] {
  return Array.from({ length: steps }, (_, i) => {
    if (firstError === null || i < firstError) return 1;
    return i === firstError || afterError === "wrong" ? 0 : null;
  });
}

function derivedOutcome({ evidence, steps, answer, reference }: Attempt, from: Derivation["outcome"]) {
  if (from === undefined) return undefined;
  if (from === "answer") {
    return answer === undefined || reference === undefined ? undefined : answer.trim() === reference.trim();
  }
  const verdicts = verdictsOf(evidence, steps.length);
  if (from === "last-step") {
    const last = verdicts.at(-1);
    return typeof last === "number" ? last === 1 : undefined;
  }
  if (verdicts.includes(0)) return false;
  return verdicts.length > 0 && !verdicts.includes(null) ? true : undefined;
}

function verdictsOf(evidence: StepEvidence, steps: number): readonly (0 | 1 | "neutral" | null)[] {
  switch (evidence.kind) {
    case "share":
      return evidence.shares.map((share) => (share === null ? null : share > 0.5 ? 1 : 0));
    case "step":
      return evidence.labels;
    case "first-error":
      return firstErrorLabels(steps, evidence.firstError, "wrong");
    case "outcome":
      return [];
  }
}

/**
 * The solution, or undefined when its outcome cannot be derived in the way that was asked for.
 *
 * @throws DataError when the source states no outcome and no way to derive it was asked for
 */
export function withOutcome(
  labelled: Labelled,
  { outcome }: Derivation,
  place: { path: string; format: string },
): Solution | undefined {
  const { correct } = labelled;
  if (correct !== undefined) return { ...labelled, correct };
  if (outcome !== undefined) return undefined;
  throw new DataError(
    `${place.path}: ${place.format} does not say whether the answer of solution ${labelled.id} is right, and meta sets, pools and outcome labels need it; ` +
      'derive it with outcome: "last-step", "every-step" or "answer" (--outcome), or train on the steps\' own labels (--to train --labels steps)',
  );
}
