import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { tileCache } from "../../lib/image/cache.js";
import { internVlImages } from "../../lib/image/internvl.js";
import { prepareImages, processImages } from "../../lib/image/process.js";
import { qwen2VlImages } from "../../lib/image/qwen2vl.js";
import type { ImageProcessor, ModelImage } from "../../lib/image/types.js";
import { picture, toSharp } from "./helpers.js";

const folder = mkdtempSync(join(tmpdir(), "process-"));
const sizes = [
  [90, 60],
  [40, 70],
  [64, 64],
  [30, 200],
] as const;
const paths = sizes.map(([width, height]) => join(folder, `${width}x${height}.png`));

beforeAll(async () => {
  for (const [i, size] of sizes.entries()) await toSharp(picture(size)).png().toFile(paths[i]);
});

/** Counts how many images are cut in all, and how many at once. */
function counted<Image extends ModelImage>(processor: ImageProcessor<Image>) {
  const seen = { cut: 0, atOnce: 0 };
  let running = 0;
  const tiles: typeof processor.tiles = async (image) => {
    seen.cut++;
    seen.atOnce = Math.max(seen.atOnce, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return processor.tiles(image).finally(() => running--);
  };
  return { processor: { ...processor, tiles }, seen };
}

test("results come in the order of the paths; each file is read once, so many at a time", async () => {
  const { processor, seen } = counted(qwen2VlImages());
  const images = await processImages([...paths, ...paths], processor, { concurrency: 2 });
  expect(seen).toEqual({ cut: 4, atOnce: 2 });
  expect(images).toHaveLength(8);
  for (const [i, size] of sizes.entries()) {
    const plain = qwen2VlImages();
    expect(images[i]).toEqual(plain.input(await plain.tiles(picture(size))));
    expect(images[i + 4]).toBe(images[i]);
  }
});

test("prepared images are in the cache, and their facts are those of the input", async () => {
  const cache = tileCache(join(folder, "cache"));
  const { processor, seen } = counted(internVlImages({ config: { force_image_size: 28 } }));
  const facts = await prepareImages(paths, processor, { cache });
  const images = await processImages(paths, processor, { cache });
  expect(seen.cut).toBe(4);
  expect(paths.map((path) => facts.get(path))).toEqual(
    sizes.map(([width, height], i) => ({ size: { width, height }, tokens: images[i].tokens })),
  );
  expect(images).toEqual(await processImages(paths, processor));
  expect(readdirSync(join(folder, "cache"))).toHaveLength(4);
});

test("every setting that changes the pixels changes the cache's entry", async () => {
  const cached = join(folder, "settings");
  const cache = tileCache(cached);
  const processors = [
    qwen2VlImages(),
    qwen2VlImages({}, { longestSide: 30 }),
    qwen2VlImages({}, { transparency: "white" }),
    qwen2VlImages({}, { maxPixels: 3136 }),
    internVlImages({ config: { force_image_size: 28 } }),
    internVlImages({ config: { force_image_size: 28 } }, { maxTiles: 2 }),
  ];
  for (const [i, processor] of processors.entries()) {
    await prepareImages([paths[0]], processor, { cache });
    expect(readdirSync(cached)).toHaveLength(i + 1);
  }
});

test("all bad images are named at once, with what is wrong", async () => {
  const text = join(folder, "text.png");
  writeFileSync(text, "no image");
  const strip = join(folder, "strip.png");
  await toSharp(picture([1005, 5]))
    .png()
    .toFile(strip);
  const gone = join(folder, "gone.png");
  const work = prepareImages([paths[0], text, strip, gone], qwen2VlImages());
  await expect(work).rejects.toThrow("3 of 4 images cannot be used:");
  await expect(work).rejects.toThrow(`${text}: not an image that can be read`);
  await expect(work).rejects.toThrow(`${strip}: 1005 × 5 pixels: one side is 201.0 times the other`);
  await expect(work).rejects.toThrow(`${gone}: no such image`);
  await expect(processImages([gone], qwen2VlImages())).rejects.toThrow(/^[^\n]*gone\.png: no such image/);
  await expect(processImages([], qwen2VlImages(), { concurrency: 0 })).rejects.toThrow(/concurrency .* got 0/);
});
