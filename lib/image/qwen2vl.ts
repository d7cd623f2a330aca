import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { DataError } from "../data/dataError.js";
import { sourceOptions } from "./decode.js";
import { joined, normalised } from "./pixels.js";
import { resizeBicubic } from "./resize.js";
import { commonFields, count, normalisation, preprocessorOf } from "./settings.js";
import type { CheckpointFiles, ImageProcessor, ModelImage, Size, SourceOptions, Tiles } from "./types.js";

/** An image as Qwen2-VL takes it: patches in merge × merge blocks, each [channels, frames, size, size]. */
export interface Qwen2VlImage extends ModelImage {
  /** time, height and width in patches: a row of Hugging Face's `image_grid_thw` */
  readonly grid: readonly [number, number, number];
  /** normalised, [time · height · width, channels · frames · size²] */
  readonly patches: Float32Array;
}

export interface Qwen2VlImageOptions extends SourceOptions {
  /** instead of the checkpoint's */
  readonly minPixels?: number;
  readonly maxPixels?: number;
}

export const CLIP = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
} as const;

const MAX_ASPECT = 200;

const schema = z.looseObject({
  ...commonFields,
  patch_size: count.default(14),
  temporal_patch_size: count.default(2),
  merge_size: count.default(2),
  min_pixels: count.nullish(),
  max_pixels: count.nullish(),
  size: z.looseObject({ shortest_edge: count, longest_edge: count }).partial().nullish(),
});

/**
 * Images as Hugging Face's `Qwen2VLImageProcessor` prepares them (arXiv 2409.12191): resized to multiples of 28 with
 * about their aspect ratio and between `minPixels` and `maxPixels` pixels, normalised, cut into patches.
 *
 * @throws TypeError naming the settings that are ill-typed or not supported
 * @example
 * const processor = qwen2VlImages({ preprocessor }, { longestSide: 512 });
 * const [{ grid, patches, tokens }] = await processImages(["chart.png"], processor);
 */
export function qwen2VlImages(
  files: CheckpointFiles = {},
  { minPixels, maxPixels, ...source }: Qwen2VlImageOptions = {},
): ImageProcessor<Qwen2VlImage> {
  const settings = parseOptions(schema, preprocessorOf(files), "image settings of Qwen2-VL");
  const { patch_size: patch, temporal_patch_size: frames, merge_size: merge } = settings;
  const factor = patch * merge;
  const limits = {
    min: minPixels ?? settings.min_pixels ?? settings.size?.shortest_edge ?? 56 * 56,
    max: maxPixels ?? settings.max_pixels ?? settings.size?.longest_edge ?? 28 * 28 * 1280,
  };
  if (!(limits.min <= limits.max)) {
    throw new RangeError(`minPixels ${limits.min} is more than maxPixels ${limits.max}`);
  }
  const table = normalised(normalisation(settings, CLIP));
  return {
    source: sourceOptions(source),
    geometry: { model: "qwen2-vl", factor, ...limits },
    tiles: async (image) => {
      const resized = await resizeBicubic(image, smartResize(image, factor, limits));
      return joined([resized.data], resized, image);
    },
    input: (tiles) => {
      const grid = [1, tiles.height / patch, tiles.width / patch] as const;
      const patches = patchRows(tiles, table, { patch, frames, merge });
      const rows = grid[1] * grid[2];
      return { grid, patches, shape: [rows, patches.length / rows], tokens: rows / merge ** 2 };
    },
    countTokens: (size) => {
      const { width, height } = smartResize(size, factor, limits);
      return (width * height) / factor ** 2;
    },
  };
}

/**
 * The size nearest to the given one whose sides are multiples of `factor` and whose area lies within the limits.
 *
 * @throws DataError for an image more than 200 times as long as wide
 */
export function smartResize(
  { width, height }: Size,
  factor: number,
  { min, max }: { readonly min: number; readonly max: number },
): Size {
  const aspect = Math.max(width, height) / Math.min(width, height);
  if (aspect > MAX_ASPECT) {
    throw new DataError(
      `${width} × ${height} pixels: one side is ${aspect.toFixed(1)} times the other, Qwen2-VL takes ${MAX_ASPECT} at most; crop the image or leave the row out`,
    );
  }
  const multiples = (of: (parts: number) => number, scale: number) => ({
    width: of((width * scale) / factor) * factor,
    height: of((height * scale) / factor) * factor,
  });
  const near = multiples(roundHalfEven, 1);
  if (near.width * near.height > max) {
    const beta = Math.sqrt((height * width) / max);
    const below = (side: number) => Math.max(factor, Math.floor(side / beta / factor) * factor);
    return { width: below(width), height: below(height) };
  }
  if (near.width * near.height < min) return multiples(Math.ceil, Math.sqrt(min / (height * width)));
  return near;
}

/** As Python's `round`: 2.5 → 2, 3.5 → 4. */
function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** A still image fills all frames of its patches alike. */
function patchRows(
  { data, width, height }: Tiles,
  table: Float32Array,
  { patch, frames, merge }: { readonly patch: number; readonly frames: number; readonly merge: number },
): Float32Array {
  const result = new Float32Array(width * height * 3 * frames);
  const block = patch * merge;
  let out = 0;
  for (let y0 = 0; y0 < height; y0 += block) {
    for (let x0 = 0; x0 < width; x0 += block) {
      for (let inner = 0; inner < merge ** 2; inner++) {
        const y1 = y0 + Math.floor(inner / merge) * patch;
        const x1 = x0 + (inner % merge) * patch;
        for (let c = 0; c < 3; c++) {
          const first = out;
          for (let y = y1; y < y1 + patch; y++) {
            for (let x = x1; x < x1 + patch; x++) result[out++] = table[c * 256 + data[(y * width + x) * 3 + c]];
          }
          const end = out;
          for (let frame = 1; frame < frames; frame++, out += end - first) result.copyWithin(out, first, end);
        }
      }
    }
  }
  return result;
}
