import * as tf from "@tensorflow/tfjs-core";
import type { BatchSource } from "../bilevel/problem.js";
import type { FeatureMatrix } from "../core/sparse.js";
import { type PrmBatchesOptions, prmBatches, type SolutionBatch, type StepBatch } from "../data/batch.js";
import { type EncodedSteps, encodeSolutions, encodeSteps, type EncodeStepsOptions } from "../data/encode.js";
import type { Solution, TrainSet } from "../data/types.js";
import { type PromptBatch, type PromptBook, promptEncoder } from "./promptBook.js";

export interface VlmBatchesOptions extends EncodeStepsOptions, Omit<PrmBatchesOptions, "train" | "meta"> {
  readonly book: PromptBook;
  readonly train: TrainSet;
  readonly meta: readonly Solution[];
}

export interface VlmBatches extends BatchSource<StepBatch<PromptBatch>, SolutionBatch<PromptBatch>> {
  readonly train: EncodedSteps;
}

/**
 * Batches for a vision-language PRM, by index as `prmBatches` makes them; solutions of different lengths mix in a meta
 * batch. All prompts are made first, so what is too long or has no image is refused before training starts. With
 * `unit: "solution"` one forward pass scores a whole solution where the layout allows.
 *
 * @throws RangeError, DataError as `PromptBook.add`, and RangeError when a batch is larger than its set
 * @example
 * const book = promptBook(vision, labelLayout(vision));
 * const batches = await vlmBatches({ book, train, meta: meta.solutions, unit: "solution", batchSize: 1, metaBatchSize: 1 });
 */
export async function vlmBatches({
  book,
  train,
  meta,
  instance,
  stepWeighting,
  ...options
}: VlmBatchesOptions): Promise<VlmBatches> {
  await book.prepare([...train.samples, ...meta]);
  const encoder = promptEncoder(book);
  const ofSteps = { ...(instance && { instance }), ...(stepWeighting && { stepWeighting }) };
  const encoded = encodeSteps(train, encoder, ofSteps);
  const batches = prmBatches({ train: encoded, meta: encodeSolutions(meta, encoder), ...options });
  return {
    train: encoded,
    lower: (k) => prompted(book, batches.lower(k)),
    upper: (k) => prompted(book, batches.upper(k)),
  };
}

/** The batch with prompts in the place of their numbers. */
function prompted<Batch extends { readonly input: unknown }>(
  book: PromptBook,
  batch: Batch,
): Omit<Batch, "input"> & { input: PromptBatch } {
  const numbers = batch.input as FeatureMatrix;
  const input = book.batch(numbersOf(numbers));
  tf.dispose(numbers as tf.TensorContainer);
  return { ...batch, input };
}

/** The prompts' numbers in what `featureBatch` makes of `promptEncoder`'s rows. */
export function numbersOf(rows: unknown): ArrayLike<number> {
  const numbered = rows as FeatureMatrix;
  return ("value_E" in numbered ? numbered.value_E : numbered).dataSync();
}
