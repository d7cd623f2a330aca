/** Hidden states of a frozen backbone, computed once: heads on them train as fast as on hashed features. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { jsonFile } from "../checkpoint/jsonFile.js";
import { parseOptions } from "../core/check.js";
import { loadTensors, saveTensors } from "../core/safetensors.js";
import { writeParts } from "../core/safetensorsFile.js";
import type { Params } from "../core/tree.js";
import type { StepInput } from "../data/types.js";
import type { RewardModel } from "../model/rewardModel.js";
import type { Encoder } from "../text/features.js";
import type { PromptBatch, PromptBook } from "./promptBook.js";

const TENSORS = "hidden.safetensors";
const INDEX = "index.json";

const index = z.object({
  /** what the states depend on besides the steps: model, layout, how images are seen */
  source: z.record(z.string(), z.unknown()),
  /** SHA-256 of question, steps and image, in the order of the tensor's rows */
  keys: z.array(z.string()),
});

interface Stored {
  readonly source: Readonly<Record<string, unknown>>;
  readonly keys: readonly string[];
  readonly values: Float32Array;
  readonly size: number;
}

export interface EncodeHiddenOptions {
  readonly folder: string;
  readonly prm: Pick<RewardModel<PromptBatch>, "represent">;
  readonly phi: Params;
  readonly book: PromptBook;
  /** what the states depend on besides the steps */
  readonly source: Readonly<Record<string, unknown>>;
  readonly onStep?: (done: number, total: number) => void;
}

/**
 * Writes the hidden state of every step into `hidden.safetensors`, with their keys in `index.json`. Steps that are there
 * are not computed again.
 *
 * @returns how many steps were computed, and how many the folder now holds
 * @throws Error when the folder's states are of another source; errors of `PromptBook.add`
 */
export async function encodeHidden(
  inputs: readonly StepInput[],
  { folder, prm, phi, book, source, onStep }: EncodeHiddenOptions,
): Promise<{ computed: number; total: number }> {
  const before = await stored(folder);
  if (before && JSON.stringify(before.source) !== JSON.stringify(source)) {
    const shown = (of: object) => JSON.stringify(of);
    throw new Error(
      `${folder} holds states of ${shown(before.source)}, not of ${shown(source)}; choose another folder`,
    );
  }
  const { represent } = prm;
  if (represent === undefined) throw new Error("the reward model shows no representation");
  const keyOf = stepKeys();
  const known = new Set(before?.keys);
  const fresh = inputs.filter((input) => {
    const key = keyOf(input);
    const isNew = !known.has(key);
    known.add(key);
    return isNew;
  });
  const rows = await book.add(fresh);
  const parts: Float32Array[] = before ? [before.values] : [];
  let size = before?.size ?? 0;
  for (let start = 0; start < rows.length;) {
    let end = start + 1;
    while (end < rows.length && book.at(rows[end]).prompt === book.at(rows[start]).prompt) end++;
    const batch = book.batch(rows.subarray(start, end));
    const { logit_B, hidden_BH } = represent(phi, batch);
    parts.push((await hidden_BH.data<"float32">()).slice());
    size = hidden_BH.shape[1];
    tf.dispose([batch, logit_B, hidden_BH] as unknown as tf.TensorContainer);
    start = end;
    onStep?.(end, rows.length);
  }
  const keys = [...known];
  const values = new Float32Array(keys.length * size);
  parts.reduce((at, part) => (values.set(part, at), at + part.length), 0);
  await mkdir(folder, { recursive: true });
  await saveTensors(path.join(folder, TENSORS), { hidden: { shape: [keys.length, size], values } });
  await writeParts(path.join(folder, INDEX), [Buffer.from(JSON.stringify({ source, keys }))]);
  return { computed: fresh.length, total: keys.length };
}

/**
 * The states in a folder as an encoder.
 *
 * @throws Error when there are none; `encode` throws one naming the steps that the folder lacks
 * @example
 * const encoder = await hiddenFeatures("states");
 * const prm = mlpHead({ features: encoder.size });
 */
export async function hiddenFeatures(folder: string): Promise<Encoder> {
  const found = await stored(folder);
  if (found === undefined) throw new Error(`${folder} holds no hidden states: make them with dreamprm encode`);
  const { keys, values, size } = found;
  const rowOf = new Map(keys.map((key, row) => [key, row]));
  const keyOf = stepKeys();
  const encode: Encoder["encode"] = (inputs) => {
    const rows = inputs.map((input) => rowOf.get(keyOf(input)));
    const lacking = inputs.filter((_, i) => rows[i] === undefined);
    if (lacking.length > 0) {
      const { id, question, steps } = lacking[0] as StepInput & { id?: string };
      const first = id === undefined ? `step ${steps.length} to ${JSON.stringify(question.slice(0, 60))}` : `row ${id}`;
      throw new Error(
        `${folder} lacks the states of ${lacking.length} of ${inputs.length} steps, the first ${first}: encode their file`,
      );
    }
    const all = new Float32Array(inputs.length * size);
    rows.forEach((row = 0, i) => all.set(values.subarray(row * size, (row + 1) * size), i * size));
    return {
      rows: inputs.length,
      size,
      indptr: Int32Array.from({ length: inputs.length + 1 }, (_, i) => i * size),
      indices: Int32Array.from({ length: all.length }, (_, i) => i % size),
      values: all,
    };
  };
  return {
    size,
    names: (column) => `hidden ${column}`,
    encode,
    encodeCached: (inputs) => Promise.resolve(encode(inputs)),
  };
}

async function stored(folder: string): Promise<Stored | undefined> {
  const file = path.join(folder, INDEX);
  const json = await jsonFile(file);
  if (json === undefined) return undefined;
  const { source, keys } = parseOptions(index, json, file);
  const { hidden } = (await loadTensors(path.join(folder, TENSORS))).tensors as Partial<
    Record<string, { shape: readonly number[]; values: Float32Array }>
  >;
  if (hidden?.shape[0] !== keys.length) {
    throw new Error(
      `${folder}: ${TENSORS} has ${hidden?.shape[0] ?? "no"} rows, ${INDEX} ${keys.length}; encode anew into another folder`,
    );
  }
  return { source, keys, values: hidden.values, size: hidden.shape[1] };
}

/** Keys of steps; an image counts by its content, and is read once. */
function stepKeys(): (input: StepInput) => string {
  const images = new Map<string, string>();
  const contentOf = (image: string) => {
    let hash = images.get(image);
    if (hash === undefined) {
      hash = createHash("sha256")
        .update(image.startsWith("data:") ? image : readFileSync(image))
        .digest("hex");
      images.set(image, hash);
    }
    return hash;
  };
  return ({ question, steps, image }) =>
    createHash("sha256")
      .update(JSON.stringify([question, steps, image === undefined ? null : contentOf(image)]))
      .digest("hex");
}
