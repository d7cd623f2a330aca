/** Reference folders of prepared images: pictures beside what the published processors make of them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { internVlImages } from "../image/internvl.js";
import { processImages } from "../image/process.js";
import { qwen2VlImages } from "../image/qwen2vl.js";
import type { Compared } from "./replay.js";
import { relative } from "./replayParts.js";

const numbers = z.array(z.number());
const picture = { file: z.string(), width: z.int(), height: z.int() };

const qwen2VlFile = z.object({
  processor: z.literal("Qwen2-VL"),
  imageMean: numbers,
  imageStd: numbers,
  patchSize: z.int(),
  temporalPatchSize: z.int(),
  mergeSize: z.int(),
  cases: z.array(
    z.object({
      ...picture,
      minPixels: z.int(),
      maxPixels: z.int(),
      imageGridThw: numbers,
      pixelShape: numbers,
      mean: z.number(),
      std: z.number(),
      row0: numbers,
      rowLast: numbers,
      rowMeans: numbers,
    }),
  ),
});

const internVlFile = z.object({
  processor: z.literal("InternVL dynamic tiling"),
  maxTiles: z.int(),
  tileSize: z.int(),
  thumbnail: z.boolean(),
  cases: z.array(
    z.object({ ...picture, grid: numbers, tiles: z.int(), tileMeans: z.array(numbers), firstRow: numbers }),
  ),
});

type Deviation = readonly [what: string, deviation: number];

/** @throws Error naming the file that is missing or has another layout, or the image that cannot be read */
export async function replayImages(folder: string): Promise<Compared> {
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T> => {
    const file = join(folder, name);
    const json: unknown = JSON.parse(await readFile(file, "utf8"));
    return parseOptions(schema, json, `${file} is no reference of prepared images`);
  };
  const deviations = [
    ...(await qwen2VlDeviations(folder, await read("qwen2-vl.json", qwen2VlFile))),
    ...(await internVlDeviations(folder, await read("internvl.json", internVlFile))),
  ];
  return { deviations: Object.fromEntries(deviations), absolute: {} };
}

async function qwen2VlDeviations(folder: string, reference: z.infer<typeof qwen2VlFile>): Promise<Deviation[]> {
  const preprocessor = {
    image_mean: reference.imageMean,
    image_std: reference.imageStd,
    patch_size: reference.patchSize,
    temporal_patch_size: reference.temporalPatchSize,
    merge_size: reference.mergeSize,
  };
  const deviations: Deviation[] = [];
  for (const { file, minPixels, maxPixels, ...theirs } of reference.cases) {
    const processor = qwen2VlImages({ preprocessor }, { minPixels, maxPixels });
    const [{ grid, patches, shape }] = await processImages([join(folder, file)], processor);
    const rows = Array.from({ length: shape[0] }, (_, i) => patches.subarray(i * shape[1], (i + 1) * shape[1]));
    const mean = meanOf(patches);
    const variance = meanOf(patches.map((value) => (value - mean) ** 2));
    const what = `Qwen2-VL ${file}`;
    deviations.push(
      [`${what} grid`, compared(grid, theirs.imageGridThw)],
      [`${what} shape`, compared(shape, theirs.pixelShape)],
      [`${what} first patch`, compared(rows[0], theirs.row0)],
      [`${what} last patch`, compared(rows[shape[0] - 1].subarray(0, theirs.rowLast.length), theirs.rowLast)],
      [`${what} means of patches`, compared(rows.map(meanOf), theirs.rowMeans)],
      [`${what} mean and standard deviation`, compared([mean, Math.sqrt(variance)], [theirs.mean, theirs.std])],
    );
  }
  return deviations;
}

async function internVlDeviations(folder: string, reference: z.infer<typeof internVlFile>): Promise<Deviation[]> {
  const { maxTiles, tileSize, thumbnail } = reference;
  const processor = internVlImages({ config: { force_image_size: tileSize, use_thumbnail: thumbnail } }, { maxTiles });
  const area = tileSize ** 2;
  const deviations: Deviation[] = [];
  for (const { file, ...theirs } of reference.cases) {
    const [{ grid, pixels, shape }] = await processImages([join(folder, file)], processor);
    const means = Array.from({ length: shape[0] * 3 }, (_, i) =>
      roundedMean(pixels.subarray(i * area, (i + 1) * area)),
    );
    const what = `InternVL ${file}`;
    deviations.push(
      [`${what} grid`, compared(grid, theirs.grid)],
      [`${what} tiles`, compared([shape[0]], [theirs.tiles])],
      [`${what} first row`, compared(pixels.subarray(0, theirs.firstRow.length), theirs.firstRow)],
      [`${what} means of tiles`, compared(means, theirs.tileMeans.flat())],
    );
  }
  return deviations;
}

/** Infinite where the lengths differ. */
function compared(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  return ours.length === theirs.length ? relative(ours, theirs) : Infinity;
}

const meanOf = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;

/** Summed one by one in float32, as the reference is: over so many values that costs it three digits. */
const roundedMean = (values: Float32Array) => values.reduce((a, b) => Math.fround(a + b), 0) / values.length;
