import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { type AnyresLayout, anyresTokens, bestResolution, type Resolution } from "./anyres.js";
import { sourceOptions } from "./decode.js";
import { channelsFirst, cut, joined } from "./pixels.js";
import { CLIP } from "./qwen2vl.js";
import { resizeBicubic } from "./resize.js";
import { commonFields, count, normalisation, preprocessorOf, side, square } from "./settings.js";
import type { CheckpointFiles, ImageProcessor, ModelImage, RgbImage, Size, SourceOptions } from "./types.js";

/** An image as LLaVA-OneVision takes it: the whole image, then the crops of its enlarged version row by row. */
export interface LlavaOneVisionImage extends ModelImage {
  /** [height, width] of the image that was cropped: the model takes the padding off again */
  readonly size: readonly [number, number];
  /** the whole image and the crops */
  readonly tiles: number;
  /** normalised, [tiles, 3, size, size] */
  readonly pixels: Float32Array;
}

const pinpoints = z
  .array(z.tuple([count, count]))
  .min(1)
  .optional();
const preprocessorSchema = z.looseObject({
  ...commonFields,
  size: square.default(384),
  image_grid_pinpoints: pinpoints,
});
const configSchema = z.looseObject({
  image_grid_pinpoints: pinpoints,
  vision_aspect_ratio: z.templateLiteral(["anyres_max_", count]).default("anyres_max_9"),
  vision_feature_select_strategy: z.enum(["full", "default"]).default("full"),
  vision_config: z
    .looseObject({ image_size: side.nullish(), patch_size: side.default(14) })
    .default({ patch_size: 14 }),
});

/**
 * Images as Hugging Face's `LlavaOnevisionImageProcessor` prepares the only image of a conversation ("anyres", arXiv
 * 2408.03326): resized into the best of the checkpoint's resolutions, padded with black, cropped; and the image as a
 * whole before them.
 *
 * @throws TypeError naming the settings that are ill-typed or not supported
 * @example
 * const processor = llavaOneVisionImages({ config, preprocessor });
 * processor.countTokens({ width: 640, height: 300 }); // 729 for the whole image, and those of the crops
 */
export function llavaOneVisionImages(
  files: CheckpointFiles = {},
  source: SourceOptions = {},
): ImageProcessor<LlavaOneVisionImage> {
  const settings = parseOptions(preprocessorSchema, preprocessorOf(files), "image settings of LLaVA-OneVision");
  const config = parseOptions(configSchema, files.config ?? {}, "config of LLaVA-OneVision");
  const { size: length } = settings;
  const { image_size: seen, patch_size: patch } = config.vision_config;
  const layout: AnyresLayout = {
    length,
    side: Math.floor((seen ?? length) / patch),
    resolutions: settings.image_grid_pinpoints ?? config.image_grid_pinpoints ?? defaultResolutions(length),
    maxCrops: Number(config.vision_aspect_ratio.slice("anyres_max_".length)),
  };
  const { resolutions } = layout;
  const crop = { width: length, height: length };
  const omitted = config.vision_feature_select_strategy === "default" ? 1 : 0;
  const countTokens = ({ width, height }: Size) => anyresTokens([height, width], layout) - omitted;
  const normal = normalisation(settings, CLIP);
  return {
    source: sourceOptions(source),
    geometry: { model: "llava-onevision", length, resolutions },
    tiles: async (image) => {
      const whole = await resizeBicubic(image, crop);
      const [height, width] = bestResolution([image.height, image.width], resolutions);
      const enlarged = await fitted(image, { width, height });
      return joined([whole.data, ...cut(enlarged, crop)], crop, image);
    },
    input: (tiles) => ({
      size: [tiles.source.height, tiles.source.width],
      tiles: tiles.count,
      pixels: channelsFirst(tiles, normal),
      shape: [tiles.count, 3, length, length],
      tokens: countTokens(tiles.source),
    }),
    countTokens,
  };
}

/** 1 … 6 crops each way. */
function defaultResolutions(length: number): Resolution[] {
  const sides = [1, 2, 3, 4, 5, 6].map((n) => n * length);
  return sides.flatMap((height) => sides.map((width): Resolution => [height, width]));
}

/** Resized with its aspect ratio into a frame, centred, black beside it. */
async function fitted(image: RgbImage, frame: Size): Promise<RgbImage> {
  const [across, down] = [frame.width / image.width, frame.height / image.height];
  const inner = await resizeBicubic(image, {
    width: across < down ? frame.width : Math.min(Math.ceil(image.width * down), frame.width),
    height: across < down ? Math.min(Math.ceil(image.height * across), frame.height) : frame.height,
  });
  const [left, top] = [(frame.width - inner.width) >> 1, (frame.height - inner.height) >> 1];
  const data = new Uint8Array(frame.width * frame.height * 3);
  const line = inner.width * 3;
  for (let y = 0; y < inner.height; y++) {
    data.set(inner.data.subarray(y * line, (y + 1) * line), ((top + y) * frame.width + left) * 3);
  }
  return { data, ...frame };
}
