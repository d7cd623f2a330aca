import type { RgbImage, Size, Tiles } from "./types.js";

export interface Normalisation {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * (value · scale − mean) / std for every byte of each channel, with the roundings to float32 of Hugging Face's `rescale`
 * and `normalize`.
 *
 * @returns [3, 256]
 */
export function normalised({ scale, mean, std }: Normalisation): Float32Array {
  const { fround } = Math;
  return Float32Array.from({ length: 3 * 256 }, (_, i) => {
    const [channel, value] = [i >> 8, i & 255];
    return fround(fround(value * scale) - fround(mean[channel])) / fround(std[channel]);
  });
}

/** Cuts an image into tiles of one size, row by row from the top left. */
export function cut({ data, width, height }: RgbImage, tile: Size): Uint8Array[] {
  const [columns, rows] = [width / tile.width, height / tile.height];
  const line = tile.width * 3;
  return Array.from({ length: columns * rows }, (_, t) => {
    const tileData = new Uint8Array(tile.height * line);
    const start = Math.floor(t / columns) * tile.height * width * 3 + (t % columns) * line;
    for (let y = 0; y < tile.height; y++) {
      const from = start + y * width * 3;
      tileData.set(data.subarray(from, from + line), y * line);
    }
    return tileData;
  });
}

export function joined(parts: readonly Uint8Array[], { width, height }: Size, { width: w, height: h }: Size): Tiles {
  const data = new Uint8Array(parts.length * width * height * 3);
  parts.forEach((part, i) => data.set(part, i * part.length));
  return { count: parts.length, width, height, data, source: { width: w, height: h } };
}

/** @returns normalised tiles, [count, 3, height, width] */
export function channelsFirst({ data, count, width, height }: Tiles, normalisation: Normalisation): Float32Array {
  const table = normalised(normalisation);
  const area = width * height;
  const result = new Float32Array(count * 3 * area);
  for (let t = 0; t < count; t++) {
    for (let c = 0; c < 3; c++) {
      const [from, to] = [t * area * 3 + c, (t * 3 + c) * area];
      for (let p = 0; p < area; p++) result[to + p] = table[c * 256 + data[from + p * 3]];
    }
  }
  return result;
}
