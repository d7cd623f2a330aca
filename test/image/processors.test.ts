import { bestResolution } from "../../lib/image/anyres.js";
import { expect, test } from "vitest";
import { internVlImages } from "../../lib/image/internvl.js";
import { llavaOneVisionImages } from "../../lib/image/llavaOneVision.js";
import { qwen2VlImages, smartResize } from "../../lib/image/qwen2vl.js";
import type { CheckpointFiles, ImageProcessor, ModelImage } from "../../lib/image/types.js";
import type { AnyresImage } from "../../lib/model/llavaOneVision/llavaOneVision.js";
import type { PatchedImage } from "../../lib/model/qwen2vl/qwen2vl.js";
import type { TiledImage } from "../../lib/model/transformer/tiles.js";
import { golden, picture, sha256 } from "./helpers.js";

async function prepared<Image extends ModelImage>(
  processor: ImageProcessor<Image>,
  size: [number, number],
): Promise<Image> {
  const image = picture(size);
  const result = processor.input(await processor.tiles(image));
  expect(processor.countTokens(image)).toBe(result.tokens);
  return result;
}

test.each(golden.qwen2Vl)("Qwen2-VL: $size within $minPixels … $maxPixels", async (theirs) => {
  const { size, minPixels, maxPixels, grid, shape, sha256: hash } = theirs;
  const ours = await prepared(qwen2VlImages({}, { minPixels, maxPixels }), size);
  ours satisfies PatchedImage;
  expect([ours.grid, ours.shape]).toEqual([grid, shape]);
  expect(ours.tokens).toBe((grid[0] * grid[1] * grid[2]) / 4);
  expect(sha256(ours.patches)).toBe(hash);
});

test.each(golden.internVl)("InternVL: $size in up to $maxTiles tiles of $tile", async (theirs) => {
  const { size, maxTiles, tile, shape, sha256: hash } = theirs;
  const ours = await prepared(internVlImages({ config: { force_image_size: tile } }, { maxTiles }), size);
  ours satisfies TiledImage;
  expect([ours.tiles, ours.shape]).toEqual([shape[0], shape]);
  expect(ours.tokens).toBe(shape[0] * (tile / 14 / 2) ** 2);
  expect(sha256(ours.pixels)).toBe(hash);
});

test.each(golden.llava)("LLaVA-OneVision: $size", async ({ size, shape, tokens, sha256: hash }) => {
  const preprocessor = { size: { height: 28, width: 28 }, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
  const config = { vision_config: { image_size: 28, patch_size: 7 } };
  const ours = await prepared(llavaOneVisionImages({ config, preprocessor }), size);
  ours satisfies AnyresImage;
  const [width, height] = size;
  expect([ours.size, ours.tiles, ours.shape, ours.tokens]).toEqual([[height, width], shape[0], shape, tokens]);
  expect(sha256(ours.pixels)).toBe(hash);
});

test("sizes and token counts of many images", () => {
  const processor = llavaOneVisionImages();
  for (const [width, height, tokens] of golden.llavaTokens) {
    expect([width, height, processor.countTokens({ width, height })]).toEqual([width, height, tokens]);
  }
  const limits = { min: 3136, max: 1003520 };
  for (const [width, height, toWidth, toHeight] of golden.smartResize) {
    const resize = () => smartResize({ width, height }, 28, limits);
    if (toWidth === 0) expect(resize).toThrow(/Qwen2-VL takes 200 at most/);
    else expect([width, height, resize()]).toEqual([width, height, { width: toWidth, height: toHeight }]);
  }
});

test("settings come from the checkpoint, in either layout; options go before them", () => {
  const size = { width: 500, height: 400 };
  const old = { min_pixels: 3136, max_pixels: 28 * 28 * 40, size: { shortest_edge: 1, longest_edge: 28 * 28 * 9 } };
  expect(qwen2VlImages({ preprocessor: old }).countTokens(size)).toBeLessThanOrEqual(40);
  expect(qwen2VlImages({ preprocessor: old }).countTokens(size)).toBeGreaterThan(9);
  const nested = { image_processor: { size: { shortest_edge: 3136, longest_edge: 28 * 28 * 9 } } };
  expect(qwen2VlImages({ preprocessor: nested }).countTokens(size)).toBeLessThanOrEqual(9);
  expect(qwen2VlImages({ preprocessor: nested }, { maxPixels: 28 * 28 * 100 }).countTokens(size)).toBeGreaterThan(40);

  const hf = { vision_config: { image_size: [448, 448], patch_size: [14, 14] }, downsample_ratio: 0.5 };
  expect(internVlImages({ config: hf }).countTokens({ width: 896, height: 448 })).toBe(3 * 256);
  const only = { image_grid_pinpoints: [[384, 768]] };
  const tokens = (files: CheckpointFiles) => llavaOneVisionImages(files).countTokens({ width: 768, height: 384 });
  expect(tokens({ config: only })).toBe(729 + 27 * 54 + 27);
  expect(tokens({ config: only, preprocessor: { image_grid_pinpoints: [[384, 384]] } })).toBe(729 + 13 * 27 + 13);
  const plain = { force_image_size: 448, use_thumbnail: false, vision_config: { patch_size: 14 } };
  expect(internVlImages({ config: plain }).countTokens({ width: 896, height: 448 })).toBe(2 * 256);
});

test("settings that are not supported are named", () => {
  const preprocessor = { resample: 2, do_normalize: false, image_std: [1, 0, 1] };
  expect(() => qwen2VlImages({ preprocessor })).toThrow(
    /image settings of Qwen2-VL:(?=[^]*resample: only 3, bicubic.*got 2)(?=[^]*do_normalize: only true)(?=[^]*image_std.1)/,
  );
  expect(() => qwen2VlImages({}, { minPixels: 9, maxPixels: 4 })).toThrow(/minPixels 9 is more than maxPixels 4/);
  expect(() => internVlImages({}, { maxTiles: 0 })).toThrow(/maxTiles must be a whole number from 1, got 0/);
  expect(() => internVlImages({ preprocessor: { size: { height: 448, width: 224 } } })).toThrow(/only squares/);
  expect(() => llavaOneVisionImages({ config: { vision_aspect_ratio: "pad" } })).toThrow(/vision_aspect_ratio/);
});

test("the best resolution keeps most pixels, then wastes fewest", () => {
  expect(
    bestResolution(
      [100, 100],
      [
        [30, 30],
        [60, 60],
        [30, 90],
      ],
    ),
  ).toEqual([60, 60]);
  expect(
    bestResolution(
      [10, 10],
      [
        [60, 60],
        [30, 30],
      ],
    ),
  ).toEqual([30, 30]);
});
