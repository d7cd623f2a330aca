import { readFile, stat } from "node:fs/promises";
import type { Metadata } from "sharp";
import { errorText } from "../core/errorText.js";
import { DataError } from "../data/dataError.js";
import { plain } from "./bytes.js";
import { toRgb } from "./colour.js";
import { resizeBicubic } from "./resize.js";
import type { RgbImage, SourceOptions } from "./types.js";

const FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "heif"];
const READABLE = "JPEG, PNG, WebP, GIF, TIFF or AVIF";
const MAX_BYTES = 1 << 29;
/** beyond this, Pillow takes a file for a decompression bomb */
const MAX_PIXELS = 178_956_970;

/**
 * @throws RangeError for a side or a number of pixels below 1, TypeError for another `transparency`
 */
export function sourceOptions({
  longestSide = Infinity,
  transparency = "drop",
  maxSourcePixels = MAX_PIXELS,
}: SourceOptions = {}): Required<SourceOptions> {
  for (const [name, value] of Object.entries({ longestSide, maxSourcePixels })) {
    if (!(value >= 1)) throw new RangeError(`${name} must be at least 1, got ${value}`);
  }
  if (!["drop", "white"].includes(transparency)) {
    throw new TypeError(`transparency must be "drop" or "white", got ${JSON.stringify(transparency)}`);
  }
  return { longestSide, transparency, maxSourcePixels };
}

/** What messages call an image: its path, or the beginning of a `data:` URL. */
export const imageName = (path: string) => (path.startsWith("data:") ? `${path.slice(0, 40)}…` : path);

/**
 * The bytes of an image file or of a `data:` URL in base64.
 *
 * @throws DataError for other URLs, missing files, folders, empty and very long files
 */
export async function readImageFile(path: string): Promise<Buffer> {
  const [inline] = /^data:[^,]*;base64,/.exec(path) ?? [];
  if (inline !== undefined) return Buffer.from(path.slice(inline.length), "base64");
  if (/^(?:https?|data):/.test(path)) {
    throw new DataError(`${imageName(path)}: images are read from files and base64 data: URLs; store it in a file`);
  }
  const found = await stat(path).catch(() => {
    throw new DataError(`${path}: no such image (looked from ${process.cwd()}); set imageRoot to the images' folder`);
  });
  if (found.isDirectory()) throw new DataError(`${path}: is a folder, not an image`);
  if (found.size === 0) throw new DataError(`${path}: the file is empty; copy the image again`);
  if (found.size > MAX_BYTES) {
    throw new DataError(`${path}: ${found.size} bytes are too many for an image; the limit is ${MAX_BYTES}`);
  }
  return readFile(path);
}

/**
 * An image as `ImageOps.exif_transpose(Image.open(…)).convert("RGB")` gives it in Pillow, so as Hugging Face's
 * processors see it: turned as its EXIF orientation says, colour profiles ignored, grey repeated, the first frame or
 * page. Then shrunk to `longestSide`.
 *
 * Differs: 16-bit grey keeps its eight high bits, where Pillow makes everything above 255 white; colours behind the
 * transparent pixels of a GIF are black; AVIF is decoded by another library.
 *
 * @param bytes  of the file
 * @param name   for messages
 * @throws DataError for what is no image or none of the formats, for damaged and truncated ones, and for those beyond
 *   `maxSourcePixels`, which are not decoded
 */
export async function decodeImage(bytes: Uint8Array, name: string, options: SourceOptions = {}): Promise<RgbImage> {
  const { longestSide, transparency, maxSourcePixels } = sourceOptions(options);
  const found = await metadata(bytes, name);
  checkKind(found, name);
  const pixels = found.width * found.height;
  if (pixels > maxSourcePixels) {
    throw new DataError(
      `${name}: ${found.width} × ${found.height} are ${pixels} pixels, more than maxSourcePixels ${maxSourcePixels}; shrink the image, or raise the limit if you trust it`,
    );
  }
  const sharp = await sharpModule();
  const cmyk = found.space === "cmyk";
  const input = sharp(bytes, { failOn: "error", ignoreIcc: true, autoOrient: true, limitInputPixels: false });
  const decoder = cmyk ? input.pipelineColourspace("cmyk").toColourspace("cmyk") : input;
  const { data, info } = await decoder
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw damaged(name, found.format, error);
    });
  const rgb = await toRgb(plain(data), info.channels, cmyk ? "cmyk" : "rgb", transparency === "white");
  return shrunk({ data: rgb, width: info.width, height: info.height }, longestSide);
}

/** Native and of use only here: where it cannot be loaded, the rest of the library still works. */
async function sharpModule() {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    throw new Error(`images need the package sharp, which cannot be loaded: ${errorText(cause)}; run npm install`, {
      cause,
    });
  }
}

async function metadata(bytes: Uint8Array, name: string): Promise<Metadata> {
  const sharp = await sharpModule();
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    if (!errorText(error).includes("unsupported")) throw damaged(name, "image", error);
    const start = JSON.stringify(Buffer.from(bytes.subarray(0, 24)).toString("latin1"));
    throw new DataError(
      `${name}: not an image that can be read; it begins with ${start}; expected a whole ${READABLE} file`,
    );
  }
}

function checkKind({ format, depth, space }: Metadata, name: string): void {
  if (!FORMATS.includes(format)) {
    throw new DataError(`${name}: ${format} cannot be read as an image; convert it to ${READABLE}`);
  }
  if (depth !== "uchar" && (depth !== "ushort" || space === "cmyk")) {
    throw new DataError(`${name}: pixels are ${depth} (${space}); convert the image to 8 or 16 bits a channel`);
  }
}

function damaged(name: string, format: string, error: unknown): DataError {
  const reason = errorText(error).replace(/^Input buffer has corrupt header:?\s*/, "corrupt header ");
  return new DataError(`${name}: the ${format} is damaged or cut off (${reason.trim()}); copy or download it again`);
}

function shrunk(image: RgbImage, longestSide: number): Promise<RgbImage> | RgbImage {
  const ratio = longestSide / Math.max(image.width, image.height);
  if (ratio >= 1) return image;
  const length = (side: number) => Math.max(1, Math.trunc(side * ratio));
  return resizeBicubic(image, { width: length(image.width), height: length(image.height) });
}
