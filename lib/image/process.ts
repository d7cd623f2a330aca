import { DataError } from "../data/dataError.js";
import { type TileCache, tileKey } from "./cache.js";
import { decodeImage, imageName, readImageFile } from "./decode.js";
import type { ImageProcessor, ModelImage, Size, Tiles } from "./types.js";

export interface ProcessOptions {
  readonly cache?: TileCache;
  /** images in work at a time; each takes some times its decoded size of memory. Defaults to 4 */
  readonly concurrency?: number;
}

/** What is known of an image once it has been read. */
export interface ImageFacts {
  /** as the processor saw it */
  readonly size: Size;
  readonly tokens: number;
}

const SHOWN = 20;

/**
 * Reads images and makes them a model's input, several at a time; the event loop turns meanwhile. A path that comes
 * twice is read once, and its result is shared.
 *
 * @returns one per path, in the order of the paths
 * @throws DataError naming up to 20 images that cannot be used, each with the reason
 * @example
 * const cache = tileCache("cache/images", { maxBytes: 20e9 });
 * const images = await processImages(paths, qwen2VlImages({ preprocessor }, { longestSide: 512 }), { cache });
 */
export async function processImages<Image extends ModelImage>(
  paths: readonly string[],
  processor: ImageProcessor<Image>,
  options: ProcessOptions = {},
): Promise<Image[]> {
  const images = await eachPath(paths, options, async (path) =>
    processor.input(await tilesOf(path, processor, options)),
  );
  return paths.map((path) => images.get(path) as Image);
}

/**
 * Reads all images before training starts: bad ones are found, the `cache` is filled, and what is kept is small.
 *
 * @returns per path its size and its number of image tokens
 * @throws DataError as `processImages`
 */
export async function prepareImages(
  paths: readonly string[],
  processor: ImageProcessor,
  options: ProcessOptions = {},
): Promise<ReadonlyMap<string, ImageFacts>> {
  return eachPath(paths, options, async (path) => {
    const { source: size } = await tilesOf(path, processor, options);
    return { size, tokens: processor.countTokens(size) };
  });
}

async function tilesOf(path: string, processor: ImageProcessor, { cache }: ProcessOptions): Promise<Tiles> {
  const bytes = await readImageFile(path);
  const name = imageName(path);
  const compute = async () => {
    const image = await decodeImage(bytes, name, processor.source);
    return processor.tiles(image).catch((error: unknown) => {
      throw error instanceof DataError ? new DataError(`${name}: ${error.message}`) : error;
    });
  };
  const { longestSide, transparency } = processor.source;
  // JSON has no Infinity, and says null
  return cache ? cache.tiles(tileKey(bytes, [longestSide, transparency, processor.geometry]), compute) : compute();
}

async function eachPath<Result>(
  paths: readonly string[],
  { concurrency = 4 }: ProcessOptions,
  work: (path: string) => Promise<Result>,
): Promise<Map<string, Result>> {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency must be a whole number from 1, got ${concurrency}`);
  }
  const distinct = [...new Set(paths)];
  const results = new Map<string, Result>();
  const bad: DataError[] = [];
  const waiting = distinct.values();
  const worker = async () => {
    for (const path of waiting) {
      try {
        results.set(path, await work(path));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        bad.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, distinct.length) }, worker));
  if (bad.length > 0) throw badImages(bad, distinct.length);
  return results;
}

function badImages(bad: readonly DataError[], of: number): DataError {
  const [first] = bad;
  if (of === 1) return first;
  const lines = bad.slice(0, SHOWN).map(({ message }) => `\n  ${message}`);
  const more = bad.length > SHOWN ? `\n  and ${bad.length - SHOWN} more` : "";
  return new DataError(`${bad.length} of ${of} images cannot be used:${lines.join("")}${more}`);
}
