import { crc32, deflateSync } from "node:zlib";
import { Resvg } from "@resvg/resvg-js";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * Renders an SVG to a PNG with a palette: flat pictures have few shades, so one byte a pixel does, and the file is
 * half as large as the renderer's own (which serves where there are more than 256 colours).
 */
export function renderPng(svg: string): Buffer {
  const image = new Resvg(svg, { font: { loadSystemFonts: false } }).render();
  const { width, height } = image;
  const pixels = image.pixels;
  const palette = new Map<number, number>();
  const rows = Buffer.alloc(height * (width + 1)); // a row starts with its filter type, 0
  let [last, index] = [-1, -1];
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * 4;
    const colour = (coarse(pixels[at]) << 16) | (coarse(pixels[at + 1]) << 8) | coarse(pixels[at + 2]);
    if (colour !== last) {
      index = palette.get(colour) ?? palette.size;
      if (index > 255) return image.asPng();
      palette.set((last = colour), index);
    }
    rows[pixel + Math.floor(pixel / width) + 1] = index;
  }
  const header = Buffer.from([...uint32(width), ...uint32(height), 8, 3, 0, 0, 0]); // 8 bits, palette
  const colours = Buffer.from([...palette.keys()].flatMap((colour) => [...uint32(colour)].slice(1)));
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", colours),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** To a multiple of 5, which keeps black and white and folds neighbouring shades. */
function coarse(channel: number): number {
  return Math.round(channel / 5) * 5;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
