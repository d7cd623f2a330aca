import type * as tf from "@tensorflow/tfjs-core";
import { imageTextModel } from "../qwen2/imageTextModel.js";
import { textBatch } from "../qwen2/qwen2.js";
import { activations } from "../transformer/activation.js";
import { asTrained } from "../transformer/blocks.js";
import { imageSlots } from "../transformer/embedding.js";
import type { LanguageModel, LanguageModelOptions } from "../transformer/languageModel.js";
import { linear } from "../transformer/linear.js";
import { layerNorm } from "../transformer/norm.js";
import {
  linearShapes,
  normShapes,
  type ParameterShapes,
  weight,
  type Weights,
  within,
  withPrefix,
} from "../transformer/parameters.js";
import { checkTiles, patchesOf, patchesPerSide, type TiledImage } from "../transformer/tiles.js";
import { layoutOf, type Padding, type TokenBatch, type TokenSequence } from "../transformer/tokenBatch.js";
import {
  type BatchImages,
  checkFeatures,
  isSeen,
  type Seen,
  type VisionTower,
  visionTower,
} from "../transformer/tower.js";
import { type InternVlConfig, internVlConfig } from "./config.js";
import { pixelShuffle } from "./pixelShuffle.js";
import { internVit, internVitShapes } from "./vision.js";

export interface InternVlSequence extends TokenSequence {
  /** in the order of their tokens; defaults to none */
  readonly images?: readonly (TiledImage | Seen<TiledImage>)[];
}

interface TowerInput {
  readonly patch_PC: tf.Tensor2D;
}

export interface InternVlBatch extends TokenBatch {
  readonly images?: BatchImages<TowerInput>;
}

export interface InternVlOptions extends LanguageModelOptions {
  /** id of the token `<IMG_CONTEXT>`, which the config does not hold: the tokenizer knows it */
  readonly imageToken: number;
}

/** of the projector's norm, as PyTorch's default */
const EPSILON = 1e-5;

/**
 * The vision-language model InternVL 2.5 or 3 with a Qwen2 language model (arXiv 2504.10479), as OpenGVLab's
 * `InternVLChatModel`.
 *
 * @param config  the content of its `config.json`
 * @throws TypeError naming the fields of the config that are missing, ill-typed or ask for what is not supported
 */
export function internVl(
  config: unknown,
  { imageToken, ...options }: InternVlOptions,
): LanguageModel<InternVlSequence, InternVlBatch> {
  const parsed = internVlConfig(config);
  const { text, vision } = parsed;
  const tower = visionTower<TiledImage, TowerInput>({
    owns: (name) => /^(?:vision_model|mlp1)\./.test(name),
    input: (images) => ({ patch_PC: patchesOf(images, vision) }),
    features: (weights, { patch_PC }) => imageFeatures(weights, parsed, patch_PC, options),
  });
  return imageTextModel(
    {
      ...{ text, prefix: "language_model.", towerShapes: towerShapes(parsed), tower },
      batch: (sequences: readonly InternVlSequence[], padding = "right") =>
        internVlBatch(sequences, parsed, { imageToken, tower }, padding),
    },
    options,
  );
}

function towerShapes({ text, vision, shuffle }: InternVlConfig): ParameterShapes {
  const joined = vision.width * shuffle ** 2;
  return {
    ...withPrefix("vision_model.", internVitShapes(vision)),
    ...normShapes("mlp1.0", joined),
    ...linearShapes("mlp1.1", joined, text.hiddenSize),
    ...linearShapes("mlp1.3", text.hiddenSize, text.hiddenSize),
  };
}

/** Tower, pixel shuffle and projector: [M, H]. */
function imageFeatures(
  weights: Weights,
  { vision, shuffle, shuffleVersion, selectLayer }: InternVlConfig,
  patch_PC: tf.Tensor2D,
  options: LanguageModelOptions,
): tf.Tensor2D {
  const tower = within(weights, "vision_model.");
  const trained = Object.keys(tower.phi).length > 0;
  const state_TPE = asTrained(trained, () => internVit(tower, vision, { patch_PC, through: selectLayer }, options));
  const joined = pixelShuffle(state_TPE, shuffle, shuffleVersion);
  const normed = layerNorm(joined, weight(weights, "mlp1.0.weight"), weight(weights, "mlp1.0.bias"), EPSILON);
  const { loraScale = 1 } = options;
  return linear(weights, "mlp1.3", activations.gelu(linear(weights, "mlp1.1", normed, loraScale)), loraScale);
}

function internVlBatch(
  sequences: readonly InternVlSequence[],
  { text, vision, shuffle }: InternVlConfig,
  { imageToken, tower }: { imageToken: number; tower: VisionTower<TiledImage, TowerInput> },
  padding: Padding,
): InternVlBatch {
  const images = sequences.map(({ images = [] }) => images);
  const perTile = (patchesPerSide(vision) / shuffle) ** 2;
  images.forEach((list, b) =>
    list.forEach((image, i) => {
      const which = `image ${i} of sequence ${b}`;
      if (isSeen(image)) checkFeatures(image, which, image.tiles * perTile, text.hiddenSize);
      else checkTiles(image, which, vision);
    }),
  );
  const features = images.map((list) => list.reduce((sum, { tiles }) => sum + tiles * perTile, 0));
  const slots = imageSlots(sequences, imageToken, features, layoutOf(sequences, text, padding));
  const batch = textBatch(sequences, text, padding);
  return slots === undefined ? batch : { ...batch, images: tower.batch(images.flat(), slots) };
}
