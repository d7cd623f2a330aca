import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { deflate, inflate } from "node:zlib";
import writeFileAtomic from "write-file-atomic";
import { errorText } from "../core/errorText.js";
import { plain } from "./bytes.js";
import type { Tiles } from "./types.js";

/** Tiles in a folder, one file per image and settings. */
export interface TileCache {
  /** the stored tiles; computed and stored where there are none, or where their file is damaged */
  tiles(key: string, compute: () => Promise<Tiles>): Promise<Tiles>;
}

export interface TileCacheOptions {
  /** beyond it (and the images in work), the files unused for longest are deleted; defaults to Infinity */
  readonly maxBytes?: number;
}

/** part of every key: to be raised when the same settings would give other pixels */
const VERSION = 1;
/** eviction goes further than the limit, so that the next files need none */
const KEPT = 0.9;
const DIGEST_BYTES = 32;
const HEADER_BYTES = DIGEST_BYTES + 5 * 4;

/**
 * A cache of tiles in `folder`, which may be shared by processes and with other files.
 *
 * File: SHA-256 of the rest (32 bytes); number, width and height of the tiles, width and height of the source (uint32
 * each, little-endian); their bytes, deflated.
 *
 * @throws RangeError for a limit that is no positive number; when storing, an Error that names the folder
 */
export function tileCache(folder: string, { maxBytes = Infinity }: TileCacheOptions = {}): TileCache {
  if (!(maxBytes > 0)) throw new RangeError(`maxBytes of the image cache must be positive, got ${maxBytes}`);
  // what this process knows to lie there; other processes add to it until the next count
  let total: number | undefined;
  const store = async (file: string, content: Buffer) => {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(file, content, { fsync: false }); // the digest tells a torn file
    if (maxBytes === Infinity) return;
    total = total === undefined ? sizeOf(await filesIn(folder)) : total + content.length;
    if (total > maxBytes) total = await evict(folder, KEPT * maxBytes);
  };
  return {
    tiles: async (key, compute) => {
      const file = join(folder, `${key}.tiles`);
      const stored = await readFile(file)
        .then(decode)
        .catch(() => undefined);
      if (stored) {
        const now = new Date();
        await utimes(file, now, now).catch(() => undefined); // only makes eviction wiser
        return stored;
      }
      const tiles = await compute();
      const content = await encode(tiles);
      await store(file, content).catch((cause: unknown) => {
        throw new Error(
          `images cannot be stored in ${folder}: ${errorText(cause)}; choose another cache folder or none`,
          { cause },
        );
      });
      return tiles;
    },
  };
}

/** The SHA-256 of the image file's bytes and of everything else that the tiles depend on. */
export function tileKey(bytes: Uint8Array, settings: unknown): string {
  const hash = createHash("sha256").update(JSON.stringify([VERSION, settings]));
  return hash.update(bytes).digest("hex");
}

async function encode({ count, width, height, source, data }: Tiles): Promise<Buffer> {
  const header = Buffer.alloc(HEADER_BYTES - DIGEST_BYTES);
  [count, width, height, source.width, source.height].forEach((n, i) => header.writeUInt32LE(n, i * 4));
  const body = Buffer.concat([header, await promisify(deflate)(data)]);
  return Buffer.concat([digest(body), body]);
}

async function decode(file: Buffer): Promise<Tiles | undefined> {
  if (file.length < HEADER_BYTES || !digest(file.subarray(DIGEST_BYTES)).equals(file.subarray(0, DIGEST_BYTES))) {
    return undefined;
  }
  const [count, width, height, w, h] = [0, 1, 2, 3, 4].map((i) => file.readUInt32LE(DIGEST_BYTES + i * 4));
  const data = plain(await promisify(inflate)(file.subarray(HEADER_BYTES)));
  return { count, width, height, data, source: { width: w, height: h } };
}

const digest = (body: Buffer) => createHash("sha256").update(body).digest();

interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  readonly used: number;
}

/** Also what an interrupted write left there; whatever vanishes meanwhile is left out. */
async function filesIn(folder: string): Promise<StoredFile[]> {
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.tiles/.test(name));
  const files = names.map(async (name) => {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    return found ? [{ path, bytes: found.size, used: found.mtimeMs }] : [];
  });
  return (await Promise.all(files)).flat();
}

const sizeOf = (files: readonly StoredFile[]) => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** @returns the bytes that are left */
async function evict(folder: string, limit: number): Promise<number> {
  const files = (await filesIn(folder)).sort((a, b) => a.used - b.used);
  let left = sizeOf(files);
  for (const { path, bytes } of files) {
    if (left <= limit) break;
    await rm(path, { force: true });
    left -= bytes;
  }
  return left;
}
