import * as tf from "@tensorflow/tfjs-core";
import { random } from "../core/random.js";
import { type Encoder, denseRows, type FeatureRows } from "../text/features.js";
import type { Solution, StepInput, TrainSet } from "./types.js";

/** A training set with its steps encoded, one row per sample. */
export interface EncodedSteps {
  readonly features: FeatureRows;
  readonly target: Float32Array;
  /** index into the training set's domains */
  readonly domain: Int32Array;
}

/** Solutions with their steps encoded; solution i has the feature rows `offsets[i]` … `offsets[i + 1] − 1`. */
export interface EncodedSolutions {
  readonly features: FeatureRows;
  readonly offsets: Int32Array;
  readonly label: Float32Array;
}

export function encodeSteps({ samples, domains }: TrainSet, encoder: Encoder): EncodedSteps {
  const index = new Map(domains.map((domain, k) => [domain, k]));
  return {
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
  };
}

/** Every step of a solution with the steps before it. */
export function prefixes({ question, steps, image }: Solution): StepInput[] {
  return steps.map((_, i) => ({ question, steps: steps.slice(0, i + 1), ...(image !== undefined && { image }) }));
}

/** Training steps: B rows. */
export interface StepBatch<Input = tf.Tensor2D> {
  /** what the PRM takes for B steps; encoded features are [B, F] */
  readonly input: Input;
  /** Monte-Carlo accuracies in [0, 1], [B] */
  readonly target_B: tf.Tensor1D;
  /** index into the training set's domains, int32 [B] */
  readonly domain_B: tf.Tensor1D;
  /** index of the row in the training set, int32 [B] */
  readonly row_B: tf.Tensor1D;
}

/** Whole solutions: B solutions of at most S steps. */
export interface SolutionBatch<Input = tf.Tensor2D> {
  /** what the PRM takes for B·S steps, solution by solution, padding included; encoded features are [B·S, F] */
  readonly input: Input;
  /** 1 for a step, 0 for padding, [B, S] */
  readonly mask_BS: tf.Tensor2D;
  /** r: 1 when the final answer is right, [B] */
  readonly label_B: tf.Tensor1D;
}

export interface PrmBatchesOptions {
  readonly train: EncodedSteps;
  readonly meta: EncodedSolutions;
  /** steps per lower micro-step; defaults to 32 */
  readonly batchSize?: number;
  /** solutions per upper update; defaults to 16 */
  readonly metaBatchSize?: number;
  /** of the order; defaults to 1 */
  readonly seed?: number;
}

/**
 * Batches of encoded data by index: every epoch has its own random order, and the k-th batch depends on the seed and k
 * alone. Rows that do not fill a batch at the end of an epoch wait for the next one.
 *
 * @throws RangeError when a batch is larger than its set
 */
export function prmBatches({ train, meta, batchSize = 32, metaBatchSize = 16, seed = 1 }: PrmBatchesOptions) {
  const trainRows = sampler(train.target.length, batchSize, `${seed}/train`, "training set");
  const metaRows = sampler(meta.label.length, metaBatchSize, `${seed}/meta`, "meta set");
  return {
    lower: (k: number): StepBatch => stepBatch(train, trainRows(k)),
    upper: (k: number): SolutionBatch => solutionBatch(meta, metaRows(k)),
  };
}

/** @returns a batch of the given rows; the caller disposes its tensors */
export function stepBatch({ features, target, domain }: EncodedSteps, rows: Int32Array): StepBatch {
  return {
    input: tf.tensor2d(denseRows(features, rows), [rows.length, features.size]),
    target_B: tf.tensor1d(Float32Array.from(rows, (row) => target[row])),
    domain_B: tf.tensor1d(
      Int32Array.from(rows, (row) => domain[row]),
      "int32",
    ),
    row_B: tf.tensor1d(rows, "int32"),
  };
}

/** @returns a batch of the given solutions, padded to the longest of them; the caller disposes its tensors */
export function solutionBatch({ features, offsets, label }: EncodedSolutions, rows: Int32Array): SolutionBatch {
  const steps = Math.max(...Array.from(rows, (row) => offsets[row + 1] - offsets[row]));
  const mask = new Float32Array(rows.length * steps);
  const input = new Float32Array(rows.length * steps * features.size);
  rows.forEach((row, b) => {
    const own = Int32Array.from({ length: offsets[row + 1] - offsets[row] }, (_, i) => offsets[row] + i);
    mask.fill(1, b * steps, b * steps + own.length);
    input.set(denseRows(features, own), b * steps * features.size);
  });
  return {
    input: tf.tensor2d(input, [rows.length * steps, features.size]),
    mask_BS: tf.tensor2d(mask, [rows.length, steps]),
    label_B: tf.tensor1d(Float32Array.from(rows, (row) => label[row])),
  };
}

/** k ↦ the row indices of the k-th batch */
function sampler(rows: number, batchSize: number, seed: string, what: string): (k: number) => Int32Array {
  if (batchSize > rows) throw new RangeError(`a batch of ${batchSize} is larger than the ${what} of ${rows}`);
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
