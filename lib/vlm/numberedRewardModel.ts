import * as tf from "@tensorflow/tfjs-core";
import type { FeatureMatrix } from "../core/sparse.js";
import { isRecorded } from "../core/tape.js";
import type { Params } from "../core/tree.js";
import type { RewardModel } from "../model/rewardModel.js";
import type { PromptBatch, PromptBook } from "./promptBook.js";
import { numbersOf } from "./vlmBatches.js";

/** A reward model for `promptEncoder`'s rows: everything that trains and evaluates heads on features takes it. */
export interface NumberedRewardModel extends RewardModel {
  /** frees the batches that it keeps */
  dispose(): void;
}

/** Batches that a gradient's tape, or the next pass over the same rows, may need. */
const KEPT = 2;

/**
 * The reward model that looks up the prompts whose numbers it is given. Without a gradient, rows are scored prompt by
 * prompt, however many there are.
 */
export function numberedRewardModel(prm: RewardModel<PromptBatch>, book: PromptBook): NumberedRewardModel {
  const kept = new Map<string, PromptBatch>();
  const keptBatch = (rows: ArrayLike<number>): PromptBatch => {
    const key = Array.from(rows).join();
    const batch = kept.get(key) ?? keep(book.batch(rows));
    kept.delete(key);
    kept.set(key, batch);
    // what a tape holds may be needed until it ends
    while (kept.size > KEPT && !isRecorded()) forget([...kept.keys()][0]);
    return batch;
  };
  const forget = (key: string) => {
    tf.dispose(kept.get(key) as unknown as tf.TensorContainer);
    kept.delete(key);
  };
  const represent = (phi: Params, input: FeatureMatrix) => {
    const rows = numbersOf(input);
    if (prm.represent === undefined) throw new Error("the reward model shows no representation");
    if (isRecorded() || kept.has(Array.from(rows).join())) return prm.represent(phi, keptBatch(rows));
    return byPrompt(prm.represent, phi, rows, book);
  };
  const { pullBack } = prm;
  return {
    init: prm.init,
    apply: (phi, input) => tf.tidy(() => represent(phi, input).logit_B),
    represent: (phi, input) => tf.tidy(() => represent(phi, input)),
    ...(pullBack && { pullBack: (phi, input) => pullBack(phi, keptBatch(numbersOf(input))) }),
    dispose: () => [...kept.keys()].forEach(forget),
  };
}

/** Out of every scope that would dispose it. */
function keep(batch: PromptBatch): PromptBatch {
  tensorsIn(batch).forEach((tensor) => tf.keep(tensor));
  return batch;
}

function tensorsIn(tree: unknown): tf.Tensor[] {
  if (tree instanceof tf.Tensor) return [tree as tf.Tensor];
  return typeof tree === "object" && tree !== null ? Object.values(tree).flatMap(tensorsIn) : [];
}

function byPrompt(
  represent: NonNullable<RewardModel<PromptBatch>["represent"]>,
  phi: Params,
  rows: ArrayLike<number>,
  book: PromptBook,
): { logit_B: tf.Tensor1D; hidden_BH: tf.Tensor2D } {
  const groups = new Map<unknown, number[]>();
  Array.from(rows, (row, b) => {
    const { prompt } = book.at(row);
    const own = groups.get(prompt);
    if (own) own.push(b);
    else groups.set(prompt, [b]);
  });
  const logits = new Float32Array(rows.length);
  let hidden: Float32Array | undefined;
  let width = 0;
  for (const places of groups.values()) {
    const batch = book.batch(places.map((b) => rows[b]));
    const { logit_B, hidden_BH } = represent(phi, batch);
    const [own, states] = [logit_B.dataSync(), hidden_BH.dataSync()];
    width = hidden_BH.shape[1];
    hidden ??= new Float32Array(rows.length * width);
    for (const [i, b] of places.entries()) {
      logits[b] = own[i];
      hidden.set(states.subarray(i * width, (i + 1) * width), b * width);
    }
    tf.dispose([batch, logit_B, hidden_BH] as unknown as tf.TensorContainer);
  }
  return { logit_B: tf.tensor1d(logits), hidden_BH: tf.tensor2d(hidden ?? [], [rows.length, width]) };
}
