import * as tf from "@tensorflow/tfjs-core";
import type { BatchSource } from "../bilevel/problem.js";
import type { FeatureMatrix } from "../core/sparse.js";
import {
  type PrmBatchesOptions,
  prmBatches,
  sampler,
  type SolutionBatch,
  type StepBatch,
  stepBatch,
} from "../data/batch.js";
import { type EncodedSteps, encodeSolutions, encodeSteps, type EncodeStepsOptions } from "../data/encode.js";
import type { Solution, TrainSet } from "../data/types.js";
import { type PromptBatch, type PromptBook, promptEncoder } from "./promptBook.js";

export interface VlmBatchesOptions extends EncodeStepsOptions, Omit<PrmBatchesOptions, "train" | "meta"> {
  readonly book: PromptBook;
  readonly train: TrainSet;
  readonly meta: readonly Solution[];
  /**
   * What `batchSize` counts: rows, or prompts with all their rows, so that one forward pass scores a whole solution where
   * the layout allows. Defaults to "row"
   */
  readonly unit?: "row" | "prompt";
}

export interface VlmBatches extends BatchSource<StepBatch<PromptBatch>, SolutionBatch<PromptBatch>> {
  readonly train: EncodedSteps;
}

/**
 * Batches for a vision-language PRM, by index as `prmBatches` makes them; solutions of different lengths mix in a meta
 * batch. All prompts are made first, so what is too long or has no image is refused before training starts.
 *
 * @throws RangeError, DataError as `PromptBook.add`, and RangeError when a batch is larger than its set
 * @example
 * const book = promptBook(vision, labelLayout(vision));
 * const batches = await vlmBatches({ book, train, meta: meta.solutions, unit: "prompt", batchSize: 1, metaBatchSize: 1 });
 */
export async function vlmBatches({
  book,
  train,
  meta,
  unit = "row",
  instance,
  stepWeighting,
  ...options
}: VlmBatchesOptions): Promise<VlmBatches> {
  await book.prepare([...train.samples, ...meta]);
  const encoder = promptEncoder(book);
  const ofSteps = { ...(instance && { instance }), ...(stepWeighting && { stepWeighting }) };
  const encoded = encodeSteps(train, encoder, ofSteps);
  const encodedMeta = encodeSolutions(meta, encoder);
  const byRow = prmBatches({
    train: encoded,
    meta: encodedMeta,
    ...options,
    ...(unit === "prompt" && { batchSize: 1 }),
  });
  const lower = unit === "row" ? byRow.lower : byPrompt(book, encoded, options);
  return {
    train: encoded,
    lower: (k) => prompted(book, lower(k)),
    upper: (k) => prompted(book, byRow.upper(k)),
  };
}

/** Batches of prompts with all rows that they answer for. */
function byPrompt(
  book: PromptBook,
  train: EncodedSteps,
  { batchSize = 1, seed = 1, stream = "train" }: Pick<PrmBatchesOptions, "batchSize" | "seed" | "stream">,
): (k: number) => StepBatch {
  const rows = new Map<unknown, number[]>();
  train.features.values.forEach((number, row) => {
    const { prompt } = book.at(number);
    const own = rows.get(prompt);
    if (own) own.push(row);
    else rows.set(prompt, [row]);
  });
  const all = [...rows.values()];
  const chosen = sampler(all.length, batchSize, `${seed}/${stream}`, "training set's solutions");
  return (k) => stepBatch(train, Int32Array.from(Array.from(chosen(k)).flatMap((i) => all[i])));
}

/** The batch with prompts in the place of their numbers. */
function prompted<Batch extends { readonly input: unknown }>(
  book: PromptBook,
  batch: Batch,
): Omit<Batch, "input"> & { input: PromptBatch } {
  const input = book.batch(numbersOf(batch.input));
  tf.dispose(batch.input as tf.TensorContainer);
  return { ...batch, input };
}

/** The prompts' numbers in what `featureBatch` makes of `promptEncoder`'s rows. */
export function numbersOf(rows: unknown): ArrayLike<number> {
  const numbered = rows as FeatureMatrix;
  return ("value_E" in numbered ? numbered.value_E : numbered).dataSync();
}
