import * as tf from "@tensorflow/tfjs-core";
import { random } from "../core/random.js";
import { type FeatureMatrix, featureMatrix } from "../core/sparse.js";
import { type FeatureRows, rowEntries } from "../text/rows.js";
import type { EncodedSolutions, EncodedSteps } from "./encode.js";

/** Training steps: B rows. */
export interface StepBatch<Input = FeatureMatrix> {
  /** what the PRM takes for B steps; encoded features are [B, F] */
  readonly input: Input;
  /** Monte-Carlo accuracies in [0, 1], [B] */
  readonly target_B: tf.Tensor1D;
  /** index into the training set's domains, int32 [B] */
  readonly domain_B: tf.Tensor1D;
  /** index of the row's weight: the row, or its solution, in the training set, int32 [B] */
  readonly row_B: tf.Tensor1D;
  /** number of the step in its solution, from 1, [B] */
  readonly step_B?: tf.Tensor1D;
  /** steps of the row's solution, [B] */
  readonly steps_B?: tf.Tensor1D;
  /** factor of the row's loss, [B]; left out: 1 */
  readonly factor_B?: tf.Tensor1D;
}

/** Whole solutions: B solutions of at most S steps. */
export interface SolutionBatch<Input = FeatureMatrix> {
  /** what the PRM takes for the batch's steps, solution by solution; encoded features are [steps, F] */
  readonly input: Input;
  /** row of `input` that a step is, any row where there is padding, int32 [B, S]; left out: `input` holds B·S rows */
  readonly index_BS?: tf.Tensor2D;
  /** 1 for a step, 0 for padding, [B, S] */
  readonly mask_BS: tf.Tensor2D;
  /** r: 1 when the final answer is right, [B] */
  readonly label_B: tf.Tensor1D;
  /** 1 for a right step, 0 for a wrong or an unlabelled one, [B, S] */
  readonly stepLabel_BS?: tf.Tensor2D;
  /** 1 for a labelled step, else 0, [B, S] */
  readonly labelled_BS?: tf.Tensor2D;
}

/** What a lower batch counts. */
export const batchUnits = ["step", "solution"] as const;
export type BatchUnit = (typeof batchUnits)[number];

export interface PrmBatchesOptions {
  readonly train: EncodedSteps;
  /** left out: there are no upper batches */
  readonly meta?: EncodedSolutions | undefined;
  /**
   * Steps, or solutions with all their training rows, as in DreamPRM-1.5, where the lower loss is the mean over the
   * batch's solutions of w · Σ_i ℓ_i, or w · (1/S) Σ_i ℓ_i with `stepWeighting: "mean"`. Defaults to "step"
   */
  readonly unit?: BatchUnit;
  /** steps or solutions per lower micro-step; defaults to 32 */
  readonly batchSize?: number;
  /** solutions per upper update; defaults to 16 */
  readonly metaBatchSize?: number;
  /** of the order; defaults to 1 */
  readonly seed?: number;
  /** name of the order: those of one seed and different names are independent; defaults to "train" */
  readonly stream?: string;
  /** meta batches hold as many solutions of every domain, drawn with replacement; defaults to false */
  readonly balancedMeta?: boolean;
}

/**
 * Batches of encoded data by index: every epoch has its own random order, and the k-th batch depends on the seed and k
 * alone. What does not fill a batch at the end of an epoch waits for the next one.
 *
 * @throws RangeError when a batch is larger than its set
 */
export function prmBatches({
  train,
  meta,
  unit = "step",
  batchSize = 32,
  metaBatchSize = 16,
  seed = 1,
  stream = "train",
  balancedMeta = false,
}: PrmBatchesOptions) {
  const rows = trainRows(train, { unit, batchSize, seed: `${seed}/${stream}` });
  const lower = (k: number): StepBatch => stepBatch(train, rows(k), unit);
  if (meta === undefined) return { lower, upper: noMetaSet };
  const metaRows = balancedMeta
    ? balancedSampler(meta.domain, metaBatchSize, `${seed}/meta`)
    : sampler(meta.label.length, metaBatchSize, `${seed}/meta`, "meta set");
  return { lower, upper: (k: number): SolutionBatch => solutionBatch(meta, metaRows(k)) };
}

function noMetaSet(): never {
  throw new Error("learned weights need a meta set, which is missing");
}

/** k ↦ the training rows of the k-th batch */
export function trainRows(
  { target, solution }: Pick<EncodedSteps, "target" | "solution">,
  { unit, batchSize, seed }: { unit: BatchUnit; batchSize: number; seed: string },
): (k: number) => Int32Array {
  if (unit === "step") return sampler(target.length, batchSize, seed, "training set");
  const rows: number[][] = [];
  solution.forEach((own, row) => (rows[own] ??= []).push(row));
  const chosen = sampler(rows.length, batchSize, seed, "training set's solutions");
  return (k) => Int32Array.from(Array.from(chosen(k)).flatMap((own) => rows[own]));
}

/** @returns a batch of the given rows; the caller disposes its tensors */
export function stepBatch(encoded: EncodedSteps, rows: Int32Array, unit: BatchUnit = "step"): StepBatch {
  const { features, target, domain, instance, step, steps, factor } = encoded;
  const floats = (column: Float32Array) => tf.tensor1d(picked(column, rows, new Float32Array(rows.length)));
  const integers = (column: Int32Array) => tf.tensor1d(picked(column, rows, new Int32Array(rows.length)), "int32");
  return {
    input: featureBatch(features, rows),
    target_B: floats(target),
    domain_B: integers(domain),
    row_B: integers(instance),
    step_B: floats(step),
    steps_B: floats(steps),
    ...(unit === "solution" && { factor_B: tf.tensor1d(solutionFactors(encoded, rows)) }),
    ...(unit === "step" && factor && { factor_B: floats(factor) }),
  };
}

/** Factors with which the mean over rows is the mean over their solutions of the sum, or mean, over a solution's rows. */
function solutionFactors({ solution, factor }: EncodedSteps, rows: Int32Array): Float32Array {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(solution[row], (counts.get(solution[row]) ?? 0) + 1);
  const perSolution = rows.length / counts.size;
  return Float32Array.from(rows, (row) => (factor ? perSolution / (counts.get(solution[row]) ?? NaN) : perSolution));
}

/** The entries of a column at the given rows: a loop, since `from` with a function goes through an iterator. */
function picked<Column extends Float32Array | Int32Array>(column: Column, rows: Int32Array, into: Column): Column {
  for (let i = 0; i < rows.length; i++) into[i] = column[rows[i]];
  return into;
}

/** @returns a batch of the given solutions, padded to the longest of them; the caller disposes its tensors */
export function solutionBatch(
  { features, offsets, label, stepLabel }: EncodedSolutions,
  rows: Int32Array,
): SolutionBatch {
  const steps = Math.max(...Array.from(rows, (row) => offsets[row + 1] - offsets[row]));
  const [mask, labels, labelled] = Array.from({ length: 3 }, () => new Float32Array(rows.length * steps));
  const index = new Int32Array(rows.length * steps);
  const own: number[] = [];
  rows.forEach((row, b) => {
    for (let from = offsets[row], at = b * steps; from < offsets[row + 1]; from++, at++) {
      index[at] = own.push(from) - 1;
      mask[at] = 1;
      if (Number.isNaN(stepLabel[from])) continue;
      labels[at] = stepLabel[from];
      labelled[at] = 1;
    }
  });
  const shape: [number, number] = [rows.length, steps];
  return {
    input: featureBatch(features, own),
    index_BS: tf.tensor2d(index, shape, "int32"),
    mask_BS: tf.tensor2d(mask, shape),
    label_B: tf.tensor1d(Float32Array.from(rows, (row) => label[row])),
    stepLabel_BS: tf.tensor2d(labels, shape),
    labelled_BS: tf.tensor2d(labelled, shape),
  };
}

/** Chosen rows of encoded features, [B, F]. */
export function featureBatch(features: FeatureRows, rows: ArrayLike<number>): FeatureMatrix {
  return featureMatrix(rows.length, features.size, rowEntries(features, rows));
}

/** k ↦ the row indices of the k-th batch */
export function sampler(rows: number, batchSize: number, seed: string, what: string): (k: number) => Int32Array {
  if (batchSize > rows)
    throw new RangeError(`a batch of ${batchSize} is larger than the ${what} of ${rows}: make it smaller`);
  const perEpoch = Math.floor(rows / batchSize);
  const all = Array.from({ length: rows }, (_, i) => i);
  let [epoch, order] = [-1, all];
  return (k) => {
    const wanted = Math.floor(k / perEpoch);
    if (wanted !== epoch) [epoch, order] = [wanted, random(`${seed}/${wanted}`).shuffle(all)];
    const start = (k % perEpoch) * batchSize;
    return Int32Array.from(order.slice(start, start + batchSize));
  };
}

/** k ↦ rows of the k-th batch: the domains in turn, each with a row drawn at random */
function balancedSampler(domain: Int32Array, batchSize: number, seed: string): (k: number) => Int32Array {
  const members: number[][] = [];
  domain.forEach((d, row) => (members[d] ??= []).push(row));
  return (k) => {
    const stream = random(`${seed}/${k}`);
    return Int32Array.from({ length: batchSize }, (_, i) => {
      const own = members[(k * batchSize + i) % members.length];
      return own[stream.integer(own.length)];
    });
  };
}
