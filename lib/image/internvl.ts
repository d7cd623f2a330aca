import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { sourceOptions } from "./decode.js";
import { channelsFirst, cut, joined } from "./pixels.js";
import { resizeBicubic } from "./resize.js";
import { commonFields, count, normalisation, preprocessorOf, side, square } from "./settings.js";
import type { CheckpointFiles, ImageProcessor, ModelImage, Size, SourceOptions } from "./types.js";

/** An image as InternVL takes it: tiles row by row, then the whole image once more if there are several. */
export interface InternVlImage extends ModelImage {
  /** columns and rows of tiles */
  readonly grid: readonly [number, number];
  /** with the thumbnail */
  readonly tiles: number;
  /** normalised, [tiles, 3, size, size] */
  readonly pixels: Float32Array;
}

export interface InternVlImageOptions extends SourceOptions {
  /** DreamPRM-1.5's `max_patch_num`, without the thumbnail; defaults to 6 (the checkpoints' own is 12) */
  readonly maxTiles?: number;
}

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

const preprocessorSchema = z.looseObject({ ...commonFields, size: square.nullish() });
const configSchema = z.looseObject({
  force_image_size: count.nullish(),
  use_thumbnail: z.boolean().default(true),
  min_dynamic_patch: count.default(1),
  downsample_ratio: z.number().positive().default(0.5),
  vision_config: z
    .looseObject({ image_size: side.nullish(), patch_size: side.default(14) })
    .default({ patch_size: 14 }),
});

/**
 * Images as InternVL's dynamic tiling prepares them (arXiv 2404.16821): resized to the grid of at most `maxTiles`
 * square tiles whose aspect ratio is nearest, with the thumbnail as last tile where there are several.
 *
 * @throws TypeError naming the settings that are ill-typed or not supported; RangeError for an impossible `maxTiles`
 * @example
 * const processor = internVlImages({ config, preprocessor }, { maxTiles: 6 });
 * const [{ pixels, shape }] = await processImages(["chart.png"], processor); // shape [tiles, 3, 448, 448]
 */
export function internVlImages(
  files: CheckpointFiles = {},
  { maxTiles = 6, ...source }: InternVlImageOptions = {},
): ImageProcessor<InternVlImage> {
  const settings = parseOptions(preprocessorSchema, preprocessorOf(files), "image settings of InternVL");
  const config = parseOptions(configSchema, files.config ?? {}, "config of InternVL");
  const { min_dynamic_patch: minTiles, use_thumbnail: thumbnail, vision_config: vision } = config;
  if (!Number.isInteger(maxTiles) || maxTiles < minTiles) {
    throw new RangeError(`maxTiles must be a whole number from ${minTiles}, got ${maxTiles}`);
  }
  const length = config.force_image_size ?? vision.image_size ?? settings.size ?? 448;
  const tile = { width: length, height: length };
  const tileTokens = ((length / vision.patch_size) * config.downsample_ratio) ** 2;
  const grids = tileGrids(minTiles, maxTiles);
  const normal = normalisation(settings, IMAGENET);
  const tilesOf = ([columns, rows]: readonly [number, number]) =>
    columns * rows + (thumbnail && columns * rows > 1 ? 1 : 0);
  return {
    source: sourceOptions(source),
    geometry: { model: "internvl", length, minTiles, maxTiles, thumbnail },
    tiles: async (image) => {
      const grid = closestGrid(image, grids, length);
      const whole = await resizeBicubic(image, { width: grid[0] * length, height: grid[1] * length });
      const parts = cut(whole, tile);
      if (tilesOf(grid) > parts.length) parts.push((await resizeBicubic(image, tile)).data);
      return joined(parts, tile, image);
    },
    input: (tiles) => ({
      grid: closestGrid(tiles.source, grids, length),
      tiles: tiles.count,
      pixels: channelsFirst(tiles, normal),
      shape: [tiles.count, 3, length, length],
      tokens: tiles.count * tileTokens,
    }),
    countTokens: (size) => tilesOf(closestGrid(size, grids, length)) * tileTokens,
  };
}

/** All grids of so many tiles as [columns, rows], fewest tiles first, narrow before wide. */
function tileGrids(min: number, max: number): (readonly [number, number])[] {
  const grids: [number, number][] = [];
  for (let tiles = min; tiles <= max; tiles++) {
    for (let columns = 1; columns <= tiles; columns++) {
      if (tiles % columns === 0) grids.push([columns, tiles / columns]);
    }
  }
  return grids;
}

/**
 * The grid whose aspect ratio is nearest to the image's. Among equals the later, larger one, provided that the image has
 * more than half as many pixels.
 */
export function closestGrid(
  { width, height }: Size,
  grids: readonly (readonly [number, number])[],
  length: number,
): readonly [number, number] {
  let best = grids[0];
  let difference = Infinity;
  for (const grid of grids) {
    const [columns, rows] = grid;
    const d = Math.abs(width / height - columns / rows);
    const largeEnough = width * height > 0.5 * length * length * columns * rows;
    if (d < difference || (d === difference && largeEnough)) best = grid;
    difference = Math.min(difference, d);
  }
  return best;
}
