/** What a tiny model learns before it becomes a PRM, in the place of the pretraining of published checkpoints. */
import * as tf from "@tensorflow/tfjs-core";
import { random, type Random } from "../../lib/core/random.js";
import type { Params } from "../../lib/core/tree.js";
import { processImages } from "../../lib/image/process.js";
import type { Qwen2VlImage } from "../../lib/image/qwen2vl.js";
import { qwen2VlConfig } from "../../lib/model/qwen2vl/config.js";
import { imageFeatures, type PatchBatch, patchBatch } from "../../lib/model/qwen2vl/vision.js";
import { within } from "../../lib/model/transformer/parameters.js";
import type { TokenBatch } from "../../lib/model/transformer/tokenBatch.js";
import type { VisionModel } from "../../lib/vlm/visionModel.js";
import { type DrawnQuestion, type Place, PLACE_COUNT } from "./questions.js";
import { speaker, statement } from "./readAloud.js";
import { crossEntropy, type Supervised, supervised } from "./supervised.js";

export interface WarmStartOptions {
  readonly vision: VisionModel;
  /** φ at the start; stays the caller's */
  readonly phi: Params;
  readonly questions: readonly DrawnQuestion[];
  /** questions per iteration */
  readonly batchSize: number;
}

/** What image tokens that show a number are asked, as classes: its digits, and its place. */
const CLASSES = { tens: 10, ones: 10, place: PLACE_COUNT } as const;
type Asked = keyof typeof CLASSES;
const ASKED = Object.keys(CLASSES) as Asked[];

export interface TowerBatch extends Readonly<Record<Asked, tf.Tensor1D>> {
  readonly patches: PatchBatch;
  /** image tokens that show a number, among those of all images */
  readonly token_P: tf.Tensor1D;
}

/**
 * The vision tower learns to see numbers: linear maps, not kept, tell digits and place from the image token that shows a
 * number. φ: the tower and the maps.
 */
export async function towerWarmStart({
  vision,
  phi,
  questions,
  batchSize,
}: WarmStartOptions): Promise<Supervised<TowerBatch>> {
  const config = qwen2VlConfig(vision.config);
  const images = await qwenImages(vision, questions);
  const order = random("tower");
  const start = Object.fromEntries([
    ...Object.entries(phi).filter(([name]) => name.startsWith("visual.")),
    ...ASKED.map((name, i) => [name, randomMap([config.text.hiddenSize, CLASSES[name]], i + 1)] as const),
  ]);
  return supervised(
    start,
    (params, { patches, token_P, ...classes }: TowerBatch) => {
      const feature_MH = imageFeatures(within({ phi: params, frozen: {} }, "visual."), config.vision, patches, {});
      const shown_PH = tf.gather(feature_MH, token_P);
      const lossOf = (name: Asked) => tf.mean(crossEntropy(tf.matMul(shown_PH, params[name]), classes[name]));
      return tf.addN(ASKED.map(lossOf)) as tf.Scalar;
    },
    (k) => {
      const chosen = drawn(questions, order.fork(k), batchSize);
      const own = chosen.map((i) => images[i]);
      const shown = chosen.flatMap((i, b) => {
        const { places, question } = questions[i];
        return places.map((place, n) => ({ b, place, value: question.shown[n].value }));
      });
      const ofEach = (f: (one: (typeof shown)[number]) => number) => tf.tensor1d(shown.map(f), "int32");
      return {
        patches: patchBatch(config.vision, own.map(({ grid }) => grid), own.map(({ patches }) => patches)), // prettier-ignore
        token_P: ofEach(({ b, place }) => b * own[b].tokens + tokenAt(own[b], place)),
        tens: ofEach(({ value }) => Math.floor(value / 10)),
        ones: ofEach(({ value }) => value % 10),
        place: ofEach(({ place }) => place.index),
      };
    },
  );
}

export interface ReadingBatch {
  readonly part: TokenBatch;
  readonly target_P: tf.Tensor1D;
  /** adds up to 1 */
  readonly weight_P: tf.Tensor1D;
}

export interface ReadingWarmStartOptions extends WarmStartOptions {
  /** of misread values, see `statement` */
  readonly misread: number;
  /** how much a step's label counts against a digit */
  readonly labelWeight: number;
  /** stands for every other picture, so that the model learns what text alone can tell */
  readonly blank?: string;
  /** of the order of questions and statements */
  readonly seed: number;
}

/**
 * The model learns to read aloud and to judge: before every digit of a step it tells the true one, after a wrong one "-",
 * at the end the step's label. φ: the whole model.
 */
export async function readingWarmStart({
  vision,
  phi,
  questions,
  batchSize,
  misread,
  labelWeight,
  blank,
  seed,
}: ReadingWarmStartOptions): Promise<Supervised<ReadingBatch>> {
  const images = await qwenImages(vision, blank === undefined ? questions : [{ image: blank }]);
  const order = random(`reading/${seed}`);
  const { model } = vision;
  const speak = speaker(vision);
  return supervised(
    phi,
    (params, { part, target_P, weight_P }: ReadingBatch) =>
      tf.sum(tf.mul(weight_P, crossEntropy(model.forward(params, part).logit_PV, target_P))),
    (k) => {
      const draw = order.fork(k);
      const spoken = drawn(questions, draw, batchSize).map((i) =>
        speak(questions[i], statement(questions[i], misread, draw), images[blank === undefined ? i : 0]),
      );
      const weights = spoken.flatMap(({ targets }) =>
        targets.map((_, n) => (n < targets.length - 1 ? 1 : labelWeight)),
      );
      const sum = weights.reduce((a, b) => a + b);
      return {
        part: model.batch(spoken),
        target_P: tf.tensor1d(spoken.flatMap(({ targets }) => targets), "int32"), // prettier-ignore
        weight_P: tf.tensor1d(weights.map((weight) => weight / sum)),
      };
    },
  );
}

/** @param seed  not 0, which TensorFlow.js takes for none */
function randomMap(shape: [number, number], seed: number): tf.Tensor2D {
  return tf.randomNormal(shape, 0, 0.1, "float32", seed);
}

function drawn(questions: readonly DrawnQuestion[], draw: Random, count: number): number[] {
  return Array.from({ length: count }, () => draw.integer(questions.length));
}

/** The image token that covers a place; two patches a side make one. */
function tokenAt({ grid: [, height, width] }: Qwen2VlImage, { x, y }: Place): number {
  return Math.floor((y * height) / 2) * (width / 2) + Math.floor((x * width) / 2);
}

async function qwenImages(vision: VisionModel, questions: readonly { image: string }[]): Promise<Qwen2VlImage[]> {
  if (vision.vision === undefined) throw new Error(`${vision.folder} is a text-only model`);
  return (await processImages(questions.map(({ image }) => image), vision.vision.processor)) as Qwen2VlImage[]; // prettier-ignore
}
