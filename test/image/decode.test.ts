import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { DataError } from "../../lib/data/dataError.js";
import { decodeImage, readImageFile } from "../../lib/image/decode.js";
import { resizeBicubic } from "../../lib/image/resize.js";
import type { RgbImage } from "../../lib/image/types.js";
import { fingerprint, golden, picture, sha256, toSharp } from "./helpers.js";

test.each(golden.decode)("$file: the pixels that Pillow reads", async ({ base64, size, sha256: hash, onWhite }) => {
  const bytes = Buffer.from(base64, "base64");
  const { data, width, height } = await decodeImage(bytes, "image");
  expect([width, height]).toEqual(size);
  expect(sha256(data)).toBe(hash);
  if (onWhite === undefined) return;
  const laid = await decodeImage(bytes, "image", { transparency: "white" });
  expect(sha256(laid.data)).toBe(onWhite);
});

/** Where the pixel at column x, row y of the turned image lies in the w × h one that is stored. */
const stored: Record<number, (x: number, y: number, w: number, h: number) => [number, number]> = {
  1: (x, y) => [x, y],
  2: (x, y, w) => [w - 1 - x, y],
  3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
  4: (x, y, _, h) => [x, h - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, _, h) => [y, h - 1 - x],
  7: (x, y, w, h) => [w - 1 - y, h - 1 - x],
  8: (x, y, w) => [w - 1 - y, x],
};

test.each([1, 2, 3, 4, 5, 6, 7, 8])("EXIF orientation %i turns the image", async (orientation) => {
  const image = picture([5, 3]);
  const oriented = toSharp(image).withMetadata({ orientation });
  for (const lossless of [oriented.png(), oriented.tiff({ compression: "lzw" }), oriented.webp({ lossless: true })]) {
    const bytes = await lossless.toBuffer();
    const turned = await decodeImage(bytes, "image");
    expect([turned.width, turned.height]).toEqual(orientation < 5 ? [5, 3] : [3, 5]);
    for (let y = 0; y < turned.height; y++) {
      for (let x = 0; x < turned.width; x++) {
        const [u, v] = stored[orientation](x, y, 5, 3);
        const at = (y * turned.width + x) * 3;
        expect(turned.data.slice(at, at + 3)).toEqual(image.data.slice((v * 5 + u) * 3, (v * 5 + u) * 3 + 3));
      }
    }
  }
});

test("16-bit grey keeps its high bits", async () => {
  const raw = { width: 4, height: 1, channels: 1 } as const;
  const bytes = await sharp(Uint16Array.of(0, 255, 256, 0x7fff), { raw })
    .toColourspace("grey16")
    .png()
    .toBuffer();
  expect(Array.from((await decodeImage(bytes, "image")).data)).toEqual([0, 0, 1, 0x7f].flatMap((v) => [v, v, v]));
});

test.each([
  [1, 1],
  [10000, 20],
] as const)("%i × %i pixels", async (width, height) => {
  const image = picture([width, height]);
  const decoded = await decodeImage(await toSharp(image).png().toBuffer(), "image");
  expect(fingerprint(decoded)).toEqual(fingerprint(image));
});

test("the longest side is shrunk before anything else, and never enlarged", async () => {
  const image = picture([1000, 30]);
  const bytes = await toSharp(image).png().toBuffer();
  const decoded = async (longestSide: number) => fingerprint(await decodeImage(bytes, "image", { longestSide }));
  expect(await decoded(512)).toEqual(fingerprint(await resizeBicubic(image, { width: 512, height: 15 })));
  expect(await decoded(1200)).toEqual(fingerprint(image));
  expect(await decoded(10)).toMatchObject({ width: 10, height: 1 });
});

describe("what is refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "images-"));

  test.each(["jpeg", "png", "webp", "gif"] as const)("a %s file that is cut off", async (format) => {
    const bytes = await toSharp(picture([60, 40]))
      .toFormat(format)
      .toBuffer();
    await expect(decodeImage(bytes.subarray(0, bytes.length / 2), "cut.img")).rejects.toThrow(
      /^cut\.img: the \w+ is damaged or cut off \(.+\); copy or download it again$/,
    );
  });

  test("a TIFF file without its directory, which lies at the end", async () => {
    const bytes = await toSharp(picture([60, 40]))
      .tiff()
      .toBuffer();
    await expect(decodeImage(bytes.subarray(0, bytes.length / 2), "cut.tif")).rejects.toThrow(
      /^cut\.tif: not an image that can be read; it begins with "II.*; expected a whole JPEG.* file$/,
    );
  });

  test("a PNG with damaged pixels", async () => {
    const bytes = await toSharp(picture([60, 40]))
      .png()
      .toBuffer();
    bytes[bytes.length >> 1] ^= 0x55;
    await expect(decodeImage(bytes, "bad.png")).rejects.toThrow(/^bad\.png: the png is damaged/);
  });

  test.each([
    ["<!DOCTYPE html><html>", /^x\.png: not an image that can be read; it begins with "<!DOCTYPE html><html>"/],
    ["version https://git-lfs", /it begins with "version https:\/\/git-lfs"/],
    ['<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', /^x\.png: svg cannot be read.*convert it to/],
  ])("%s", async (text, message) => {
    await expect(decodeImage(Buffer.from(text), "x.png")).rejects.toThrow(message);
  });

  test("a TIFF of floating-point numbers", async () => {
    const bytes = Buffer.from(
      "SUkqAAgAAAAKAAABBAABAAAAAgAAAAEBBAABAAAAAQAAAAIBAwABAAAAIAAAAAMBAwABAAAAAQAAAAYBAwABAAAAAQAAABEBBAABAAAAhgAAABYBBAABAAAAAQAAABcBBAABAAAACAAAABwBAwABAAAAAQAAAFMBAwABAAAAAwAAAAAAAAAAAAAAAAAAPw==",
      "base64",
    );
    await expect(decodeImage(bytes, "f.tif")).rejects.toThrow(
      "f.tif: pixels are float (b-w); convert the image to 8 or 16 bits a channel",
    );
  });

  test("more pixels than the limit, without decoding them", async () => {
    const bomb = await toSharp(picture([4, 4]))
      .png()
      .toBuffer();
    bomb.writeUInt32BE(100_000, 16); // the width in a PNG's header
    bomb.writeUInt32BE(50_000, 20);
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
    await expect(decodeImage(bomb, "bomb.png")).rejects.toThrow(
      "bomb.png: 100000 × 50000 are 5000000000 pixels, more than maxSourcePixels 178956970",
    );
    const small = await toSharp(picture([30, 20]))
      .png()
      .toBuffer();
    await expect(decodeImage(small, "small.png", { maxSourcePixels: 599 })).rejects.toThrow(/600 pixels/);
    expect(await decodeImage(small, "small.png", { maxSourcePixels: 600 })).toMatchObject({ width: 30 });
  });

  test("whatever the bytes are, there is a whole image or a DataError", async () => {
    let state = 1;
    const random = (below: number) => (state = (state * 48271) % 0x7fffffff) % below;
    for (const { file, base64 } of golden.decode) {
      for (let i = 0; i < 6; i++) {
        const bytes = Buffer.from(base64, "base64");
        for (let k = 0; k < 3; k++) bytes[random(bytes.length)] = random(256);
        const given = i % 2 === 0 ? bytes : bytes.subarray(0, random(bytes.length));
        const outcome = await decodeImage(given, file, { maxSourcePixels: 1e6 }).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(DataError);
        else expect(outcome).toSatisfy(({ data, width, height }: RgbImage) => data.length === width * height * 3);
      }
    }
  });

  test("paths that are no image file", async () => {
    writeFileSync(join(folder, "empty.png"), "");
    await expect(readImageFile(join(folder, "none.png"))).rejects.toThrow(/none\.png: no such image .*imageRoot/);
    await expect(readImageFile(join(folder, "empty.png"))).rejects.toThrow(/empty\.png: the file is empty/);
    await expect(readImageFile(folder)).rejects.toThrow(/is a folder/);
    await expect(readImageFile("https://example.org/a.png")).rejects.toThrow(/store it in a file/);
    await expect(readImageFile(`data:image/png,${"x".repeat(99)}`)).rejects.toThrow(/^data:image\/png,x{25}…: images/);
  });

  test("impossible options", async () => {
    await expect(decodeImage(Buffer.of(0), "x", { longestSide: 0 })).rejects.toThrow(/longestSide must be at least 1/);
    await expect(decodeImage(Buffer.of(0), "x", { transparency: "black" as "white" })).rejects.toThrow(/"black"/);
  });
});

test("a data: URL is read in place", async () => {
  const bytes = await toSharp(picture([3, 2]))
    .png()
    .toBuffer();
  expect(await readImageFile(`data:image/png;base64,${bytes.toString("base64")}`)).toEqual(bytes);
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
