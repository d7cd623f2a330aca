import { breather } from "./breathe.js";
import type { RgbImage, Size } from "./types.js";

/** Coefficients are integers in units of 2⁻²², as Pillow's: 32 bits less 8 of the pixel and 2 for overshooting. */
const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);
const SUPPORT = 2;

/** Which input pixels an output pixel is made of: `count` ones from `first`, with `weight[0 … count − 1]`. */
interface Window {
  readonly first: number;
  readonly weight: Int32Array;
}

/**
 * Keys' cubic with a = −½:
 *
 *     3/2 |x|³ − 5/2 |x|² + 1              |x| < 1
 *     −1/2 |x|³ + 5/2 |x|² − 4 |x| + 2     |x| < 2
 */
function cubic(x: number): number {
  const d = Math.abs(x);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  if (d < 2) return (((d - 5) * d + 8) * d - 4) * -0.5;
  return 0;
}

/** When shrinking, the kernel is stretched by the ratio, so that every input pixel counts. */
function windows(from: number, to: number): Window[] {
  const ratio = from / to;
  const stretch = Math.max(ratio, 1);
  const reach = SUPPORT * stretch;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * ratio;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    // the factor 1 / stretch, not a division, for the last bit
    const kernel = Array.from({ length: end - first }, (_, k) => cubic((k + first - centre + 0.5) * (1 / stretch)));
    const sum = kernel.reduce((a, b) => a + b, 0);
    const fixed = (k: number) => Math.trunc((k < 0 ? -0.5 : 0.5) + k * (1 << FRACTION_BITS));
    return { first, weight: Int32Array.from(kernel, (k) => fixed(sum === 0 ? k : k / sum)) };
  });
}

const clip8 = (sum: number) => Math.min(255, Math.max(0, sum >> FRACTION_BITS));

/**
 * Bicubic resampling that smooths when it shrinks, bit for bit that of Pillow (`Image.resize(size, BICUBIC)`), which
 * the processors of the published models use: rows first, rounded to 8 bits, then columns. An axis that keeps its length
 * is left alone. The event loop turns meanwhile.
 *
 * @param image        [H, W, 3]
 * @param size.width   of the result, at least 1
 * @param size.height  of the result, at least 1
 */
export async function resizeBicubic(image: RgbImage, { width, height }: Size): Promise<RgbImage> {
  const wide = width === image.width ? image : await resizeRows(image, width);
  return height === image.height ? wide : resizeColumns(wide, height);
}

async function resizeRows({ data, width: from, height }: RgbImage, width: number): Promise<RgbImage> {
  const result = new Uint8Array(height * width * 3);
  const of = windows(from, width);
  const breathe = breather();
  for (let y = 0, out = 0; y < height; y++) {
    await breathe();
    for (const { first, weight } of of) {
      let [r, g, b] = [HALF, HALF, HALF];
      for (let k = 0, at = (y * from + first) * 3; k < weight.length; k++, at += 3) {
        const w = weight[k];
        r = (r + Math.imul(data[at], w)) | 0;
        g = (g + Math.imul(data[at + 1], w)) | 0;
        b = (b + Math.imul(data[at + 2], w)) | 0;
      }
      result[out++] = clip8(r);
      result[out++] = clip8(g);
      result[out++] = clip8(b);
    }
  }
  return { data: result, width, height };
}

async function resizeColumns({ data, width, height: from }: RgbImage, height: number): Promise<RgbImage> {
  const stride = width * 3;
  const result = new Uint8Array(height * stride);
  const sums = new Int32Array(stride);
  const breathe = breather();
  for (const [y, { first, weight }] of windows(from, height).entries()) {
    await breathe();
    sums.fill(HALF);
    weight.forEach((w, k) => {
      const row = data.subarray((first + k) * stride, (first + k + 1) * stride);
      for (let i = 0; i < stride; i++) sums[i] += Math.imul(row[i], w);
    });
    for (let i = 0, out = y * stride; i < stride; i++) result[out++] = clip8(sums[i]);
  }
  return { data: result, width, height };
}
