import { imageTextModel } from "../qwen2/imageTextModel.js";
import { imageSlots } from "../transformer/embedding.js";
import type { LanguageModel, LanguageModelOptions } from "../transformer/languageModel.js";
import { within, withPrefix } from "../transformer/parameters.js";
import { frequencies } from "../transformer/rotary.js";
import { layoutOf, type Padding, type TokenBatch, tokenBatch, type TokenSequence } from "../transformer/tokenBatch.js";
import {
  type BatchImages,
  checkFeatures,
  isSeen,
  type Seen,
  type VisionTower,
  visionTower,
} from "../transformer/tower.js";
import { type Qwen2VlConfig, qwen2VlConfig } from "./config.js";
import { type Grid, mergedTokens, mropePositions } from "./positions.js";
import { imageFeatures, type PatchBatch, patchBatch, towerShapes } from "./vision.js";

/** An image as the processor cuts it up: patches in merge × merge blocks, each [channels, frames, size, size]. */
export interface PatchedImage {
  readonly grid: Grid;
  /** [time · height · width, C], row by row */
  readonly patches: Float32Array;
}

export interface Qwen2VlSequence extends TokenSequence {
  /** in the order of their tokens; defaults to none */
  readonly images?: readonly (PatchedImage | Seen<PatchedImage>)[];
}

interface TowerInput {
  readonly patches: PatchBatch;
}

export interface Qwen2VlBatch extends TokenBatch {
  readonly images?: BatchImages<TowerInput>;
}

/**
 * The vision-language model Qwen2-VL (arXiv 2409.12191), as Hugging Face's `Qwen2VLForConditionalGeneration`, for text
 * and images.
 *
 * @param config  the content of its `config.json`
 * @throws TypeError naming the fields of the config that are missing, ill-typed or ask for what is not supported
 */
export function qwen2Vl(
  config: unknown,
  options: LanguageModelOptions = {},
): LanguageModel<Qwen2VlSequence, Qwen2VlBatch> {
  const parsed = qwen2VlConfig(config);
  const { text, vision } = parsed;
  const tower = visionTower<PatchedImage, TowerInput>({
    owns: (name) => name.startsWith("visual."),
    input: (images) => ({
      patches: patchBatch(
        vision,
        images.map(({ grid }) => grid),
        images.map(({ patches }) => patches),
      ),
    }),
    features: (weights, { patches }) => imageFeatures(within(weights, "visual."), vision, patches, options),
  });
  return imageTextModel(
    {
      ...{ text, prefix: "", tower, canonical },
      towerShapes: withPrefix("visual.", towerShapes(vision, text.hiddenSize)),
      batch: (sequences: readonly Qwen2VlSequence[], padding = "right") =>
        qwen2VlBatch(sequences, parsed, tower, padding),
    },
    options,
  );
}

/** Newer releases have both parts below `model.`. */
function canonical(name: string): string {
  return name.replace(/^model\.visual\./, "visual.").replace(/^model\.language_model\./, "model.");
}

function qwen2VlBatch(
  sequences: readonly Qwen2VlSequence[],
  { text, vision, imageToken, videoToken, sections }: Qwen2VlConfig,
  tower: VisionTower<PatchedImage, TowerInput>,
  padding: Padding,
): Qwen2VlBatch {
  const layout = layoutOf(sequences, text, padding);
  const images = sequences.map(({ images = [] }) => images);
  sequences.forEach(({ ids }, b) => {
    const video = ids.indexOf(videoToken);
    if (video >= 0)
      throw new RangeError(`sequence ${b} has a video token at position ${video}: videos are not supported`);
    images[b].forEach((image, i) => checkImage(image, `image ${i} of sequence ${b}`, vision, text));
  });
  const features = images.map((list) => list.reduce((sum, { grid }) => sum + mergedTokens(grid, vision.merge), 0));
  const slots = imageSlots(sequences, imageToken, features, layout);
  const grids = images.map((list) => list.map(({ grid }) => grid));
  const positions = sequences.map(({ ids }, b) => mropePositions(ids, grids[b], imageToken, vision.merge));
  const frequency = frequencies(text.headSize, text.ropeTheta);
  const axis = sections.flatMap((count, axis) => Array.from({ length: count }, () => axis));
  const angle = (b: number, i: number, j: number) => positions[b][axis[j]][i] * frequency[j];
  const { headSize } = text;
  const batch = tokenBatch(sequences, { layout, padding, headSize, angle, shared: slots === undefined });
  return slots === undefined ? batch : { ...batch, images: tower.batch(images.flat(), slots) };
}

function checkImage(
  image: PatchedImage | Seen<PatchedImage>,
  which: string,
  { merge, patchEntries }: Qwen2VlConfig["vision"],
  { hiddenSize }: Qwen2VlConfig["text"],
) {
  const { grid } = image;
  const [, height, width] = grid;
  const shown = `${which} has [${grid.join(", ")}] patches`;
  if (!grid.every((n) => Number.isInteger(n) && n > 0) || height % merge !== 0 || width % merge !== 0) {
    throw new RangeError(`${shown}; height and width must be multiples of ${merge}`);
  }
  if (isSeen(image)) return checkFeatures(image, which, mergedTokens(grid, merge), hiddenSize);
  const expected = grid.reduce((a, b) => a * b, 1) * patchEntries;
  const { length } = image.patches;
  if (length !== expected) {
    throw new RangeError(`${shown} of ${patchEntries} entries, ${expected} numbers, but ${length} were given`);
  }
}
