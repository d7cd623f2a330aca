/** Decoded channels → RGB, with the integer arithmetic of Pillow's `convert("RGB")`. */
import { breather } from "./breathe.js";

export type Colours = "rgb" | "cmyk";

/** round(x / 255) for products of bytes */
const over255 = (x: number) => (x + 128 + ((x + 128) >> 8)) >> 8;

/** pixels between two turns of the event loop */
const BLOCK = 1 << 16;

/**
 * @param data      pixels of `channels` bytes: grey, grey and alpha, RGB, RGBA or CMYK
 * @param onWhite   lays transparent pixels on white instead of dropping their alpha
 * @returns pixels of three bytes
 */
export async function toRgb(
  data: Uint8Array,
  channels: number,
  colours: Colours,
  onWhite: boolean,
): Promise<Uint8Array> {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  const convert = colours === "cmyk" ? fromCmyk : channels % 2 === 0 && onWhite ? overWhite : colourOnly;
  const breathe = breather();
  for (let start = 0; start < pixels; start += BLOCK) {
    await breathe();
    convert(data, channels, rgb, start, Math.min(start + BLOCK, pixels));
  }
  return rgb;
}

/** Writes the pixels from `start` to `end`. */
type Convert = (data: Uint8Array, channels: number, rgb: Uint8Array, start: number, end: number) => void;

const colourOnly: Convert = (data, channels, rgb, start, end) => {
  const next = channels < 3 ? 0 : 1;
  for (let p = start; p < end; p++) {
    for (let c = 0; c < 3; c++) rgb[p * 3 + c] = data[p * channels + c * next];
  }
};

const fromCmyk: Convert = (data, channels, rgb, start, end) => {
  for (let p = start; p < end; p++) {
    const light = 255 - data[p * channels + 3];
    for (let c = 0; c < 3; c++) rgb[p * 3 + c] = light - over255(data[p * channels + c] * light);
  }
};

/** One rounding for the sum of both parts, as Pillow's `paste` with a mask. */
const overWhite: Convert = (data, channels, rgb, start, end) => {
  const next = channels < 3 ? 0 : 1;
  for (let p = start; p < end; p++) {
    const alpha = data[(p + 1) * channels - 1];
    for (let c = 0; c < 3; c++) {
      rgb[p * 3 + c] = over255(data[p * channels + c * next] * alpha + 255 * (255 - alpha));
    }
  }
};
