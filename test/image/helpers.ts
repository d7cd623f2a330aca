import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import type { RgbImage } from "../../lib/image/types.js";

interface Prepared {
  readonly size: [number, number];
  readonly shape: number[];
  readonly sha256: string;
}

interface Golden {
  readonly decode: { file: string; base64: string; size: [number, number]; sha256: string; onWhite?: string }[];
  readonly resize: { from: [number, number]; to: [number, number]; sha256: string }[];
  readonly qwen2Vl: (Prepared & { minPixels: number; maxPixels: number; grid: number[] })[];
  readonly internVl: (Prepared & { maxTiles: number; tile: number })[];
  readonly llava: (Prepared & { tokens: number })[];
  readonly llavaTokens: [width: number, height: number, tokens: number][];
  /** 0 × 0 where the original refuses */
  readonly smartResize: [width: number, height: number, toWidth: number, toHeight: number][];
}

/** See its `origin`; everything in it is exact. */
export const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../golden/image/processed.json"), "utf8"),
) as Golden;

/** The picture of the golden file in any size. */
export function picture([width, height]: readonly [number, number]): RgbImage {
  const data = new Uint8Array(width * height * 3);
  let i = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [product, mask] = [(x * y) >> 3, (x >> 2) * (y >> 1)];
      data[i++] = (7 * x + 3 * y + product) ^ mask;
      data[i++] = (2 * x + 11 * y + 5 * product) ^ mask;
      data[i++] = (13 * x + y + 2 * product) ^ mask;
    }
  }
  return { data, width, height };
}

export function sha256(array: Uint8Array | Float32Array): string {
  return createHash("sha256")
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest("hex");
}

/** Enough to compare images by, and faster than comparing bytes one by one. */
export const fingerprint = ({ data, width, height }: RgbImage) => ({ width, height, sha256: sha256(data) });

export function toSharp({ data, width, height }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
