import { closeSync, openSync, readSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { DataError } from "../data/dataError.js";
import type { TileCache } from "../image/cache.js";
import { type ImageFacts, prepareImages } from "../image/process.js";
import type { ImageProcessor, ModelImage, Tiles } from "../image/types.js";

/** Images that have been cut into tiles and can be had at once, as batches need them between two iterations. */
export interface ImageShelf {
  /**
   * Reads images and cuts them; those that are there already stay.
   *
   * @throws DataError naming up to 20 that cannot be used, each with the reason
   */
  prepare(paths: readonly string[]): Promise<void>;
  /** @throws Error for an image that was not prepared */
  facts(path: string): ImageFacts;
  /** the same for images of the same content */
  key(path: string): string;
  /** of all images that differ in content */
  readonly tokens: number;
  /** the model's input */
  image(path: string): ModelImage;
}

const WORKERS = 4;
const SHOWN = 20;

/**
 * A shelf in memory or, for more images than fit there, in a folder: one file per image and settings, named by the hash
 * of both, with width, height, number of tiles and size of the source (uint32 each, little-endian) before the bytes.
 */
export function imageShelf(processor: ImageProcessor, folder?: string): ImageShelf {
  const known = new Map<string, { readonly facts: ImageFacts; readonly key: string; readonly tiles: () => Tiles }>();
  const prepareOne = async (path: string) => {
    let own: { readonly key: string; readonly tiles: () => Tiles } | undefined;
    const cache: TileCache = {
      tiles: async (key, compute) => {
        const file = folder === undefined ? undefined : join(folder, `${key}.raw`);
        const stored = file === undefined ? undefined : readTiles(file);
        const found = stored ?? (await compute());
        if (file !== undefined && !stored) await writeTiles(file, found);
        own = { key, tiles: file === undefined ? inMemory(found) : inFile(file) };
        return found;
      },
    };
    const facts = (await prepareImages([path], processor, { cache })).get(path);
    if (facts && own) known.set(path, { facts, ...own });
  };
  const at = (path: string) => {
    const found = known.get(path);
    if (found === undefined) throw new Error(`${path} was not prepared before its batch`);
    return found;
  };
  return {
    prepare: async (paths) => {
      if (folder !== undefined) await mkdir(folder, { recursive: true });
      const wanted = [...new Set(paths)].filter((path) => !known.has(path)).values();
      const bad: string[] = [];
      const worker = async () => {
        for (const path of wanted) {
          await prepareOne(path).catch((error: unknown) => {
            if (!(error instanceof DataError)) throw error;
            bad.push(error.message);
          });
        }
      };
      await Promise.all(Array.from({ length: WORKERS }, worker));
      if (bad.length === 0) return;
      const more = bad.length > SHOWN ? `\n  and ${bad.length - SHOWN} more` : "";
      throw new DataError(`${bad.length} image(s) cannot be used:\n  ${bad.slice(0, SHOWN).join("\n  ")}${more}`);
    },
    facts: (path) => at(path).facts,
    key: (path) => at(path).key,
    get tokens() {
      const distinct = new Map(Array.from(known.values(), ({ key, facts }) => [key, facts.tokens]));
      return [...distinct.values()].reduce((sum, tokens) => sum + tokens, 0);
    },
    image: (path) => processor.input(at(path).tiles()),
  };
}

// apart from where tiles are computed: a closure there would hold them in memory for those that lie in a file, too
const inMemory = (tiles: Tiles) => () => tiles;
const inFile = (file: string) => () => readTiles(file) ?? lost(file);

const HEADER = 20;

async function writeTiles(file: string, { count, width, height, source, data }: Tiles): Promise<void> {
  const header = Buffer.alloc(HEADER);
  [count, width, height, source.width, source.height].forEach((n, i) => header.writeUInt32LE(n, 4 * i));
  await writeFileAtomic(file, Buffer.concat([header, data]), { fsync: false });
}

/** undefined where there is no whole file */
function readTiles(file: string): Tiles | undefined {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch {
    return undefined;
  }
  try {
    const header = Buffer.alloc(HEADER);
    if (readSync(handle, header) < HEADER) return undefined;
    const [count, width, height, w, h] = [0, 1, 2, 3, 4].map((i) => header.readUInt32LE(4 * i));
    const data = new Uint8Array(count * width * height * 3);
    if (readSync(handle, data) < data.length) return undefined;
    return { count, width, height, data, source: { width: w, height: h } };
  } finally {
    closeSync(handle);
  }
}

function lost(file: string): never {
  throw new Error(`${file} was deleted or cut while it was in use; start again`);
}
