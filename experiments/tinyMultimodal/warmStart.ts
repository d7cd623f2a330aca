/** Supervised warm starts of a tiny model, in the place of the pretraining that published checkpoints have behind them. */
import { readFileSync } from "node:fs";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type { BatchSource, BilevelProblem } from "../../lib/bilevel/problem.js";
import { labelTokens } from "../../lib/checkpoint/labelTokens.js";
import { random, type Random } from "../../lib/core/random.js";
import type { Params } from "../../lib/core/tree.js";
import { processImages } from "../../lib/image/process.js";
import type { Qwen2VlImage } from "../../lib/image/qwen2vl.js";
import { qwen2VlConfig } from "../../lib/model/qwen2vl/config.js";
import { imageFeatures, type PatchBatch, patchBatch } from "../../lib/model/qwen2vl/vision.js";
import { within } from "../../lib/model/transformer/parameters.js";
import type { TokenBatch } from "../../lib/model/transformer/tokenBatch.js";
import { type DrawnQuestion, readings, type Reading } from "./demoReading.js";
import { LABELS } from "../../lib/vlm/prompt.js";
import type { VisionModel } from "../../lib/vlm/visionModel.js";

/** What is to be told at chosen places, as classes. */
interface Targets {
  readonly target_P: tf.Tensor1D;
}

export interface WarmStart<Batch> {
  /** with a lower level alone; φ comes from `init` */
  readonly problem: BilevelProblem<Batch, never>;
  readonly batches: BatchSource<Batch, never>;
}

interface WarmStartOptions {
  readonly vision: VisionModel;
  /** φ at the start; stays the caller's */
  readonly phi: Params;
  readonly questions: readonly DrawnQuestion[];
  /** questions per iteration; defaults to 8 */
  readonly batchSize?: number;
  /** of the order; defaults to 1 */
  readonly seed?: number;
}

export interface TowerBatch {
  readonly patches: PatchBatch;
  /** image tokens that show a number */
  readonly place_P: tf.Tensor1D;
  readonly tens_P: tf.Tensor1D;
  readonly ones_P: tf.Tensor1D;
}

const TENS = "tens.weight";
const ONES = "ones.weight";

/**
 * The vision tower learns to see numbers: two linear maps, not kept, read tens and ones from the image token that shows
 * a number. φ: the tower and the two maps.
 */
export async function towerWarmStart({
  vision,
  phi,
  questions,
  batchSize = 8,
  seed = 1,
}: WarmStartOptions): Promise<WarmStart<TowerBatch>> {
  const config = qwen2VlConfig(JSON.parse(readFileSync(path.join(vision.folder, "config.json"), "utf8")));
  const images = await qwenImages(vision, questions);
  const order = random(`tower/${seed}`);
  return {
    problem: lowerOnly(
      () => ({ ...tower(phi), [TENS]: map(vision, 1), [ONES]: map(vision, 2) }),
      (params, { patches, place_P, tens_P, ones_P }: TowerBatch) => {
        const feature_MH = imageFeatures(within({ phi: params, frozen: {} }, "visual."), config.vision, patches, {});
        const seen_PH = tf.gather(feature_MH, place_P);
        const loss = (name: string, class_P: tf.Tensor1D) => crossEntropy(tf.matMul(seen_PH, params[name]), class_P);
        return tf.add(loss(TENS, tens_P), loss(ONES, ones_P));
      },
    ),
    batches: lowerBatches((k) => {
      const draw = order.fork(k);
      const chosen = Array.from({ length: batchSize }, () => draw.integer(questions.length));
      const own = chosen.map((i) => images[i]);
      const places = own.flatMap(({ grid, tokens }, b) =>
        questions[chosen[b]].places.map(([x, y]) => b * tokens + tokenAt(grid, x, y)),
      );
      const numbers = chosen.flatMap((i) => questions[i].places.map((_, n) => questions[i].question.shown[n].value));
      return {
        patches: patchBatch(config.vision, own.map(({ grid }) => grid), own.map(({ patches }) => patches)), // prettier-ignore
        place_P: tf.tensor1d(places, "int32"),
        tens_P: tf.tensor1d(numbers.map((n) => Math.floor(n / 10)), "int32"), // prettier-ignore
        ones_P: tf.tensor1d(numbers.map((n) => n % 10), "int32"), // prettier-ignore
      };
    }),
  };
}

export interface ReadingBatch extends Targets {
  readonly part: TokenBatch;
}

/**
 * The model learns to read aloud and to judge: after the picture stand statements on all its values, half of them wrong.
 * It tells the true digits of every value, "-" as soon as a stated digit is not the true one, and the label of every
 * statement. φ: the whole model.
 *
 * @param alone  iterations in which values are stated one by one; later, half of the pictures have several in a statement
 * @param blank  a picture that stands for every other, so that the model learns what text alone can tell
 */
export async function readingWarmStart({
  vision,
  phi,
  questions,
  blank,
  alone = Infinity,
  batchSize = 8,
  seed = 1,
}: WarmStartOptions & { readonly blank?: string; readonly alone?: number }): Promise<WarmStart<ReadingBatch>> {
  const images = await qwenImages(vision, blank === undefined ? questions : [{ image: blank }]);
  const order = random(`reading/${seed}`);
  const { model } = vision;
  const speak = speaker(vision);
  return {
    problem: lowerOnly(
      () => cloned(phi),
      (params, { part, target_P }: ReadingBatch) => crossEntropy(model.forward(params, part).logit_PV, target_P),
    ),
    batches: lowerBatches((k) => {
      const draw = order.fork(k);
      const spoken = Array.from({ length: batchSize }, () => {
        const i = draw.integer(questions.length);
        return speak(questions[i], images[blank === undefined ? i : 0], draw, k < alone ? 0 : 0.5);
      });
      const target_P = tf.tensor1d(spoken.flatMap(({ targets }) => targets), "int32"); // prettier-ignore
      return { part: model.batch(spoken), target_P };
    }),
  };
}

/** Token sequences of statements, with the places that are asked and what is to be told there. */
function speaker({ tokenizer, vision }: VisionModel) {
  const known = new Map<string, number[]>();
  const encode = (text: string): number[] => {
    const ids = known.get(text) ?? tokenizer.encode(text, { addSpecialTokens: false });
    known.set(text, ids);
    return ids;
  };
  const [plus, minus] = labelTokens(tokenizer, LABELS);
  const isWrong = ({ value, stated }: Reading) => value !== stated;
  return (drawn: DrawnQuestion, image: Qwen2VlImage, draw: Random, mixed: number) => {
    const ids = encode(`<|im_start|>${(vision?.placeholder.token ?? "").repeat(image.tokens)}`).slice();
    const wanted: number[] = [];
    const targets: number[] = [];
    const ask = (target: number) => {
      wanted.push(ids.length - 1);
      targets.push(target);
    };
    for (const group of readings(drawn, draw, mixed)) {
      ids.push(...encode(group.length === 1 ? "\n" : `\n   - Reading the ${drawn.question.picture}:`));
      group.forEach(({ name, value, stated }, i) => {
        const mark = i < group.length - 1 ? "," : ".";
        ids.push(...encode(` ${name} =`), ...encode(" "));
        const [told, truth] = [stated, value].map((n) => [...encode(String(n)), ...encode(mark)]);
        let agrees = true;
        told.forEach((id, at) => {
          ask(agrees ? truth[at] : minus);
          agrees &&= id === truth[at];
          ids.push(id);
        });
        if (!agrees) ask(minus);
      });
      ids.push(...encode("<|im_end|>"));
      const label = group.some(isWrong) ? minus : plus;
      ask(label);
      ids.push(label);
    }
    return { ids, wanted, targets, images: [image] };
  };
}

/** The image token that covers a place given in shares of width and height. */
function tokenAt([, height, width]: Qwen2VlImage["grid"], x: number, y: number): number {
  const [rows, columns] = [height / 2, width / 2];
  return Math.floor(y * rows) * columns + Math.floor(x * columns);
}

async function qwenImages(vision: VisionModel, questions: readonly { image: string }[]): Promise<Qwen2VlImage[]> {
  if (vision.vision === undefined) throw new Error(`${vision.folder} is a text-only model`);
  return (await processImages(questions.map(({ image }) => image), vision.vision.processor)) as Qwen2VlImage[]; // prettier-ignore
}

/** (1/P) Σ −log softmax(logits)[class] */
function crossEntropy(logit_PV: tf.Tensor2D, class_P: tf.Tensor1D): tf.Scalar {
  const own_P = tf.sum(tf.mul(logit_PV, tf.oneHot(class_P, logit_PV.shape[1])), 1);
  return tf.mean(tf.sub(tf.logSumExp(logit_PV, 1), own_P));
}

function lowerOnly<Batch>(
  init: (seed: number) => Params,
  loss: (phi: Params, batch: Batch) => tf.Scalar,
): BilevelProblem<Batch, never> {
  return {
    init: (seed) => ({ phi: init(seed), alpha: {} }),
    lower: (phi, _alpha, batch) => tf.tidy(() => loss(phi, batch)),
    upper: noUpper,
  };
}

const lowerBatches = <Batch>(lower: (k: number) => Batch): BatchSource<Batch, never> => ({ lower, upper: noUpper });

function noUpper(): never {
  throw new Error("a warm start has no upper level");
}

function tower(phi: Params): Params {
  return cloned(Object.fromEntries(Object.entries(phi).filter(([name]) => name.startsWith("visual."))));
}

const cloned = (phi: Params): Params =>
  Object.fromEntries(Object.entries(phi).map(([name, tensor]) => [name, tf.clone(tensor)]));

function map({ model: { hiddenSize } }: VisionModel, seed: number): tf.Tensor2D {
  return tf.randomNormal([hiddenSize, 10], 0, 0.1, "float32", seed);
}
