import * as tf from "@tensorflow/tfjs-core";
import { imageTextModel } from "../qwen2/imageTextModel.js";
import { textBatch } from "../qwen2/qwen2.js";
import { activations } from "../transformer/activation.js";
import { asTrained } from "../transformer/blocks.js";
import { imageSlots, rows } from "../transformer/embedding.js";
import type { LanguageModel, LanguageModelOptions } from "../transformer/languageModel.js";
import { linear } from "../transformer/linear.js";
import {
  linearShapes,
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
import { anyresGrid, type Mixture, packed, type Size } from "./anyres.js";
import { type LlavaOneVisionConfig, llavaOneVisionConfig } from "./config.js";
import { siglip, siglipShapes } from "./siglip.js";

/** The whole image as one tile and, when it is alone in its sequence, its tiles at the best resolution. */
export interface AnyresImage extends TiledImage {
  /** of the original, in pixels */
  readonly size: Size;
}

export interface LlavaOneVisionSequence extends TokenSequence {
  /** in the order of their tokens; defaults to none */
  readonly images?: readonly (AnyresImage | Seen<AnyresImage>)[];
}

interface TowerInput {
  readonly patch_PC: tf.Tensor2D;
  readonly mixture: MixtureTensors;
}

export interface LlavaOneVisionBatch extends TokenBatch {
  readonly images?: BatchImages<TowerInput>;
}

/** Feature m = Σ_k weight_k[m] · patch[row_k[m]]; without weights there is one patch a feature. */
interface MixtureTensors {
  /** int32 [M] each; the row after the last patch is the newline */
  readonly rows: readonly tf.Tensor1D[];
  /** [M, 1] each */
  readonly weights: readonly tf.Tensor2D[];
}

/**
 * The vision-language model LLaVA-OneVision with a Qwen2 language model (arXiv 2408.03326), as Hugging Face's
 * `LlavaOnevisionForConditionalGeneration`, for text and images.
 *
 * @param config  the content of its `config.json`
 * @throws TypeError naming the fields of the config that are missing, ill-typed or ask for what is not supported
 */
export function llavaOneVision(
  config: unknown,
  options: LanguageModelOptions = {},
): LanguageModel<LlavaOneVisionSequence, LlavaOneVisionBatch> {
  const parsed = llavaOneVisionConfig(config);
  const { text } = parsed;
  const tower = visionTower<AnyresImage, TowerInput>({
    owns: (name) => /^(?:vision_tower\.|multi_modal_projector\.|image_newline$)/.test(name),
    input: (images) => towerInput(images, parsed),
    features: (weights, input) => imageFeatures(weights, parsed, input, options),
  });
  return imageTextModel(
    {
      ...{ text, prefix: "language_model.", towerShapes: towerShapes(parsed), tower, canonical },
      batch: (sequences: readonly LlavaOneVisionSequence[], padding = "right") =>
        llavaOneVisionBatch(sequences, parsed, tower, padding),
    },
    options,
  );
}

function towerShapes({ text, vision, projectorBias }: LlavaOneVisionConfig): ParameterShapes {
  return {
    image_newline: [text.hiddenSize],
    ...withPrefix("vision_tower.vision_model.", siglipShapes(vision)),
    ...linearShapes("multi_modal_projector.linear_1", vision.width, text.hiddenSize, projectorBias),
    ...linearShapes("multi_modal_projector.linear_2", text.hiddenSize, text.hiddenSize, projectorBias),
  };
}

/** Tower, projector and packing: [M, H]. */
function imageFeatures(
  weights: Weights,
  { vision, selectLayer, projectorActivation }: LlavaOneVisionConfig,
  { patch_PC, mixture }: TowerInput,
  options: LanguageModelOptions,
): tf.Tensor2D {
  const { loraScale = 1 } = options;
  const tower = within(weights, "vision_tower.vision_model.");
  const trained = Object.keys(tower.phi).length > 0;
  const state_PE = asTrained(trained, () => siglip(tower, vision, { patch_PC, through: selectLayer }, options));
  const inner_PH = linear(weights, "multi_modal_projector.linear_1", state_PE, loraScale);
  const act = activations[projectorActivation];
  const patch_PH = linear(weights, "multi_modal_projector.linear_2", act(inner_PH), loraScale);
  const newline_1H = tf.expandDims<tf.Tensor2D>(weight(weights, "image_newline"), 0);
  const all = tf.concat([patch_PH, newline_1H], 0);
  const { weights: factors } = mixture;
  return mixture.rows
    .map((row_M, k) => (k in factors ? tf.mul<tf.Tensor2D>(rows(all, row_M), factors[k]) : rows(all, row_M)))
    .reduce((sum, part) => tf.add(sum, part));
}

/** Newer releases have all parts below `model.`, or the tower's without `vision_model.`. */
function canonical(name: string): string {
  return name
    .replace(/^model\.language_model\./, "language_model.model.")
    .replace(/^lm_head\./, "language_model.lm_head.")
    .replace(/^model\.(?=vision_tower|multi_modal_projector|image_newline)/, "")
    .replace(/^vision_tower\.(?!vision_model\.)/, "vision_tower.vision_model.");
}

function llavaOneVisionBatch(
  sequences: readonly LlavaOneVisionSequence[],
  config: LlavaOneVisionConfig,
  tower: VisionTower<AnyresImage, TowerInput>,
  padding: Padding,
): LlavaOneVisionBatch {
  const { text, imageToken, videoToken } = config;
  const images = sequences.map(({ images = [] }) => images);
  const features = images.map((list, b) => {
    const video = sequences[b].ids.indexOf(videoToken);
    if (video >= 0)
      throw new RangeError(`sequence ${b} has a video token at position ${video}: videos are not supported`);
    return list.reduce((sum, image, i) => sum + checkedTokens(image, `image ${i} of sequence ${b}`, config), 0);
  });
  const slots = imageSlots(sequences, imageToken, features, layoutOf(sequences, text, padding));
  const batch = textBatch(sequences, text, padding);
  return slots === undefined ? batch : { ...batch, images: tower.batch(images.flat(), slots) };
}

/** The number of an image's tokens. */
function checkedTokens(
  image: AnyresImage | Seen<AnyresImage>,
  which: string,
  { text, vision, anyres }: LlavaOneVisionConfig,
): number {
  const { size, tiles } = image;
  if (!isSeen(image)) checkTiles(image, which, vision);
  const [rows, columns] = anyresGrid(size, anyres, vision);
  if (tiles !== 1 && tiles !== 1 + rows * columns) {
    const grid = `1, or 1 + ${rows} · ${columns} for its size of ${size.join(" × ")} pixels`;
    throw new RangeError(`${which} has ${tiles} tiles, but it needs ${grid}`);
  }
  const tokens = packed(size, tiles, anyres, vision).length;
  if (isSeen(image)) checkFeatures(image, which, tokens, text.hiddenSize);
  return tokens;
}

function towerInput(images: readonly AnyresImage[], { vision, anyres }: LlavaOneVisionConfig): TowerInput {
  const perTile = patchesPerSide(vision) ** 2;
  let first = 0;
  const starts = images.map(({ tiles }) => (first += tiles * perTile) - tiles * perTile);
  const rows = images.flatMap(({ size, tiles }, i) =>
    packed(size, tiles, anyres, vision).map((mixture) => shifted(mixture, starts[i], first)),
  );
  return { patch_PC: patchesOf(images, vision), mixture: mixtureTensors(rows) };
}

function shifted(mixture: Mixture, start: number, newline: number): Mixture {
  return mixture.map(({ row, weight }) => ({ row: row < 0 ? newline : start + row, weight }));
}

function mixtureTensors(mixtures: readonly Mixture[]): MixtureTensors {
  const terms = Array.from({ length: Math.max(...mixtures.map((m) => m.length)) }, (_, k) => k);
  const column = <T>(k: number, entry: (mixture: Mixture, k: number) => T) => mixtures.map((m) => entry(m, k));
  return {
    rows: terms.map((k) =>
      tf.tensor1d(
        column(k, (m, k) => (m[k] ?? m[0]).row),
        "int32",
      ),
    ),
    weights:
      terms.length === 1
        ? []
        : terms.map((k) =>
            tf.tensor2d(
              column(k, (m, k) => m[k]?.weight ?? 0),
              [mixtures.length, 1],
            ),
          ),
  };
}
