/** Reference numbers of tiny models (`test/golden/models`), and what is compared with them. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { type Params, toPlain, valueAndGrads } from "../../lib/core/tree.js";
import { logSoftmax } from "../../lib/core/twice.js";
import { registerMissingWasmKernels } from "../../lib/core/wasmKernels.js";
import type { LanguageModel } from "../../lib/model/transformer/languageModel.js";
import type { ParameterShapes } from "../../lib/model/transformer/parameters.js";
import type { Padding, TokenBatch, TokenSequence } from "../../lib/model/transformer/tokenBatch.js";
import { expectClose } from "../expectClose.js";

export interface GoldenCase {
  readonly ids: number[];
  readonly wanted: number[];
  readonly targets: number[];
  readonly logits: number[][];
  readonly loss: number;
  readonly gradNorms: Readonly<Record<string, number>>;
  readonly gradQProjLayer0FirstRow: number[];
}

export interface Golden<Case> {
  readonly config: Record<string, unknown>;
  readonly cases: (GoldenCase & Case)[];
}

export function golden<Case = object>(file: string): Golden<Case> {
  return JSON.parse(readFileSync(join(import.meta.dirname, "../golden/models", file), "utf8")) as Golden<Case>;
}

const shared = join(import.meta.dirname, "../../../shared/fixtures");

/** A folder of reference numbers that lies beside the repository on some machines. */
export function sharedFixture(name: string): string | undefined {
  const folder = join(shared, name);
  if (existsSync(folder)) return folder;
  console.log(`not compared with the fixtures of ${name}: ${folder} is not there`);
  return undefined;
}

/** float32 numbers in [−1, 1) from a hash of the name and the place, as in `compute.py` */
export function uniform(name: string, count: number): Float32Array {
  const seed = crc32(name);
  return Float32Array.from({ length: count }, (_, i) => {
    let h = Math.imul(i + 1, 2654435761) ^ seed;
    h = Math.imul(h ^ (h >>> 15), 2246822519);
    h = Math.imul(h ^ (h >>> 13), 3266489917);
    return ((h ^ (h >>> 16)) >>> 8) / 2 ** 23 - 1;
  });
}

/** Parameters as in `compute.py`. */
export function goldenParameters(shapes: ParameterShapes): Params {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const isScale = shape.length === 1 && name.endsWith(".weight");
      const values = uniform(name, tf.util.sizeFromShape([...shape])).map((u) => (isScale ? 1 : 0) + 0.25 * u);
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

/** Mean cross entropy. */
export function crossEntropy(logit_PV: tf.Tensor2D, targets: readonly number[]): tf.Scalar {
  const chosen = tf.cast(tf.oneHot(tf.tensor1d([...targets], "int32"), logit_PV.shape[1]), "float32");
  return tf.mul(tf.sum<tf.Scalar>(tf.mul(logSoftmax(logit_PV), chosen)), -1 / targets.length);
}

/** Loss and gradients over sequences, targets in the order of their wanted positions. The caller disposes them. */
export function lossAndGrads<S extends TokenSequence, B extends TokenBatch>(
  model: LanguageModel<S, B>,
  [phi, frozen]: readonly [Params, Params?],
  sequences: readonly S[],
  targets: readonly number[],
  padding?: Padding,
): { value: tf.Scalar; grads: Params } {
  const batch = model.batch(sequences, padding);
  const result = valueAndGrads((p) => crossEntropy(model.forward(p, batch, frozen).logit_PV, targets), phi);
  disposeBatch(batch);
  return result;
}

export function disposeBatch(batch: TokenBatch): void {
  tf.dispose(batch as unknown as tf.TensorContainer);
}

export function logitsOf<S extends TokenSequence, B extends TokenBatch>(
  model: LanguageModel<S, B>,
  phi: Params,
  sequences: readonly S[],
  padding?: Padding,
): number[] {
  const batch = model.batch(sequences, padding);
  const values = tf.tidy(() => Array.from(model.forward(phi, batch).logit_PV.dataSync()));
  disposeBatch(batch);
  return values;
}

/** Logits, loss and every gradient of a case; parameters that the reference lists no gradient of have none. */
export function expectCase<S extends TokenSequence, B extends TokenBatch>(
  model: LanguageModel<S, B>,
  phi: Params,
  sequence: S,
  c: GoldenCase,
): void {
  expectClose(logitsOf(model, phi, [sequence]), c.logits.flat(), { relative: 0, absolute: 2e-5 });
  const { value, grads } = lossAndGrads(model, [phi], [sequence], c.targets);
  expectClose(value, [c.loss], { relative: 1e-5 });
  for (const [name, grad] of Object.entries(grads)) {
    const norm = Math.hypot(...grad.dataSync());
    const expected = c.gradNorms[name] ?? 0;
    // keys without positions have a bias that cancels in the softmax: its gradient is rounding
    if (!(Math.abs(norm - expected) <= 1e-4 * expected + 1e-7))
      throw new Error(`|∇ ${name}| is ${norm}, expected ${expected}`);
    if (!name.endsWith("model.layers.0.self_attn.q_proj.weight")) continue;
    const row = c.gradQProjLayer0FirstRow;
    expectClose(grad.dataSync().slice(0, row.length), row, { relative: 1e-4, absolute: 1e-6 });
  }
  tf.dispose(grads);
}

/**
 * With features that the tower gave beforehand, loss and gradients are to the last bit those with the tower in the pass;
 * a φ that trains the tower, features of other images, and images of both kinds are refused.
 */
export function expectSameWhenSeen<S extends TokenSequence & { readonly images?: readonly object[] }>(
  model: LanguageModel<S>,
  parameters: Params,
  sequences: readonly S[],
  targets: readonly number[],
): void {
  const { tower } = model;
  if (tower === undefined) throw new Error("the model has no tower");
  const part = (own: boolean): Params =>
    Object.fromEntries(Object.entries(parameters).filter(([name]) => tower.owns(name) === own));
  const [phi, frozen] = [part(false), part(true)];
  const tensors = tf.memory().numTensors;
  const see = (sequence: S): S => ({
    ...sequence,
    images: sequence.images?.map((image) => tower.see(image as never, frozen)),
  });
  const seen = sequences.map(see);
  expect(tf.memory().numTensors).toBe(tensors);
  for (const { images = [] } of seen) for (const image of images) expect(image).not.toHaveProperty(["pixels"]);
  const run = (all: readonly S[], padding: Padding) => {
    const { value, grads } = lossAndGrads(model, [phi, frozen], all, targets, padding);
    const plain = { loss: value.dataSync()[0], grads: toPlain(grads) };
    tf.dispose([value, grads]);
    return plain;
  };
  for (const padding of ["left", "right"] as const) expect(run(seen, padding)).toEqual(run(sequences, padding));
  expect(tf.memory().numTensors).toBe(tensors);

  const batch = model.batch(seen);
  const name = Object.keys(frozen).find((name) => name.endsWith(".weight")) ?? "";
  expect(() => model.represent({ [name.replace("weight", "lora_A.weight")]: frozen[name] }, batch, parameters)).toThrow(
    /φ trains .*lora_A.* holds its images' features: make it of the images/,
  );
  disposeBatch(batch);
  const first = seen.findIndex(({ images = [] }) => images.length > 0);
  const cut = seen[first].images?.map((image) => ({ ...image, features: new Float32Array(3) }));
  expect(() => model.batch([{ ...seen[first], images: cut }])).toThrow(/image 0 of sequence 0: .* but 3 were given/);
  expect(() => model.batch([seen[first], sequences[first]])).toThrow(/images hold features: a batch takes all or none/);
}

/** The same tests on the best backend that loads, on wasm and on plain JavaScript. */
export function onEveryBackend(tests: () => void): void {
  describe.each(["best", "wasm", "cpu"])("%s backend", (name) => {
    let best: string;
    beforeAll(async () => {
      await useBackend();
      best = tf.getBackend();
      await registerMissingWasmKernels();
      if (name !== "best") await tf.setBackend(name);
    });
    afterAll(() => tf.setBackend(best));
    tests();
  });
}
