import { type Encoder, type FeatureRows } from "../text/features.js";
import type { Solution, StepInput, StepSample, TrainSet } from "./types.js";

/** A training set with its steps encoded, one row per sample. */
export interface EncodedSteps {
  readonly features: FeatureRows;
  readonly target: Float32Array;
  /** index into the training set's domains */
  readonly domain: Int32Array;
  /** number of the step in its solution, from 1 */
  readonly step: Float32Array;
  /** steps of the row's solution, as far as the training set has them */
  readonly steps: Float32Array;
  /** index of the row's solution, in order of first appearance */
  readonly solution: Int32Array;
  /** index of the weight that the row has: its own, or its solution's */
  readonly instance: Int32Array;
  /** names of the instances */
  readonly instances: readonly string[];
  /** factor of the row's loss, mean length / own length, where every solution is to count alike */
  readonly factor?: Float32Array;
}

/** Solutions with their steps encoded; solution i has the feature rows `offsets[i]` … `offsets[i + 1] − 1`. */
export interface EncodedSolutions {
  readonly features: FeatureRows;
  readonly offsets: Int32Array;
  readonly label: Float32Array;
  /** index of each solution's domain among those of the set, in order of first appearance; 0 without one */
  readonly domain: Int32Array;
  /** per feature row: right 1, wrong 0, unlabelled NaN */
  readonly stepLabel: Float32Array;
}

export interface EncodeStepsOptions {
  /** what has a weight of its own: every step, or all steps of a solution together; defaults to "step" */
  readonly instance?: "step" | "solution";
  /** a solution's loss is the sum or the mean over its steps; defaults to "sum" */
  readonly stepWeighting?: "sum" | "mean";
}

export function encodeSteps(
  { samples, domains }: TrainSet,
  encoder: Encoder,
  { instance = "step", stepWeighting = "sum" }: EncodeStepsOptions = {},
): EncodedSteps {
  const index = new Map(domains.map((domain, k) => [domain, k]));
  const { solution, names, lengths } = solutionsOf(samples);
  const steps = Float32Array.from(solution, (s) => lengths[s]);
  return {
    solution,
    steps,
    step: Float32Array.from(samples, ({ steps: prefix }) => prefix.length),
    instance: instance === "solution" ? solution : Int32Array.from(samples, (_, n) => n),
    instances: instance === "solution" ? names : samples.map(({ id }) => id),
    ...(stepWeighting === "mean" && { factor: steps.map((n) => samples.length / names.length / n) }),
    features: encoder.encode(samples),
    target: Float32Array.from(samples, ({ target }) => target),
    domain: Int32Array.from(samples, ({ domain }) => index.get(domain) as number),
  };
}

export function encodeSolutions(solutions: readonly Solution[], encoder: Encoder): EncodedSolutions {
  const offsets = new Int32Array(solutions.length + 1);
  solutions.forEach(({ steps }, i) => (offsets[i + 1] = offsets[i] + steps.length));
  return {
    features: encoder.encode(solutions.flatMap(prefixes)),
    offsets,
    label: Float32Array.from(solutions, ({ correct }) => (correct ? 1 : 0)),
    domain: domainIndices(solutions),
    stepLabel: Float32Array.from(
      solutions.flatMap(({ steps, stepLabels }) => steps.map((_, i) => stepLabels?.[i] ?? NaN)),
    ),
  };
}

function domainIndices(solutions: readonly Solution[]): Int32Array {
  const names = [...new Set(solutions.map(({ domain }) => domain))];
  const index = new Map(names.map((name, k) => [name, k]));
  return Int32Array.from(solutions, ({ domain }) => index.get(domain) as number);
}

/** Which prefixes are of one solution: a prefix continues the one before it, or begins another solution. */
export function solutionsOf(samples: readonly StepSample[]): {
  solution: Int32Array;
  names: string[];
  lengths: number[];
} {
  const solution = new Int32Array(samples.length);
  const [names, lengths]: [string[], number[]] = [[], []];
  samples.forEach((sample, n) => {
    if (n === 0 || !continues(sample, samples[n - 1])) names.push(sample.id);
    const own = names.length - 1;
    solution[n] = own;
    lengths[own] = Math.max(lengths[own] ?? 0, sample.steps.length);
  });
  return { solution, names, lengths };
}

function continues({ questionId, steps }: StepSample, before: StepSample): boolean {
  const end = before.steps.length;
  return questionId === before.questionId && steps.length > end && steps[end - 1] === before.steps[end - 1];
}

/** Every step of a solution with the steps before it. */
export function prefixes({ question, steps, image }: Solution): StepInput[] {
  return steps.map((_, i) => ({ question, steps: steps.slice(0, i + 1), ...(image !== undefined && { image }) }));
}
