import { mkdtempSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tileCache, tileKey } from "../../lib/image/cache.js";
import type { Tiles } from "../../lib/image/types.js";

const folderFor = () => mkdtempSync(join(tmpdir(), "tiles-"));

/** Bytes that deflate cannot shorten. */
function tilesOf(seed: number): Tiles {
  let state = seed + 1;
  const data = Uint8Array.from({ length: 2 * 20 * 30 * 3 }, () => (state = (state * 48271) % 0x7fffffff) >> 8);
  return { count: 2, width: 20, height: 30, data, source: { width: 70, height: 41 } };
}

const key = (name: string) => tileKey(Buffer.from(name), {});
const never = () => Promise.reject(new Error("computed again"));

test("what was computed is read back by another process's cache", async () => {
  const folder = folderFor();
  const first = await tileCache(folder).tiles(key("a"), () => Promise.resolve(tilesOf(1)));
  expect(await tileCache(folder).tiles(key("a"), never)).toEqual(first);
});

test("the key depends on the file and on the settings", () => {
  const keys = [
    tileKey(Buffer.from("a"), { length: 1 }),
    tileKey(Buffer.from("b"), { length: 1 }),
    tileKey(Buffer.from("a"), { length: 2 }),
  ];
  expect(new Set(keys).size).toBe(3);
  expect(tileKey(Buffer.from("a"), { length: 1 })).toBe(keys[0]);
});

test.each([
  ["cut off", (file: string) => truncateSync(file, statSync(file).size - 1)],
  ["changed in one bit", (file: string) => writeFileSync(file, flipped(readFileSync(file)))],
  ["empty", (file: string) => truncateSync(file, 0)],
])("an entry that is %s is computed again and replaced", async (_, damage) => {
  const folder = folderFor();
  const cache = tileCache(folder);
  await cache.tiles(key("a"), () => Promise.resolve(tilesOf(1)));
  damage(join(folder, `${key("a")}.tiles`));
  expect(await cache.tiles(key("a"), () => Promise.resolve(tilesOf(2)))).toEqual(tilesOf(2));
  expect(await cache.tiles(key("a"), never)).toEqual(tilesOf(2));
});

function flipped(bytes: Buffer): Buffer {
  bytes[bytes.length >> 1] ^= 1;
  return bytes;
}

test("beyond its limit the entries unused for longest go; other files stay", async () => {
  const folder = folderFor();
  const names = ["a", "b", "c", "d", "e"];
  const cache = tileCache(folder, { maxBytes: 4 * 3700 });
  writeFileSync(join(folder, "notes.txt"), "x".repeat(20_000));
  for (const [i, name] of names.slice(0, 4).entries()) {
    await cache.tiles(key(name), () => Promise.resolve(tilesOf(i)));
    utimesSync(join(folder, `${key(name)}.tiles`), i, i);
  }
  expect(readdirSync(folder)).toHaveLength(5);
  await cache.tiles(key("a"), never); // used last now
  await cache.tiles(key("e"), () => Promise.resolve(tilesOf(5)));
  const left = readdirSync(folder).sort();
  expect(left).toEqual(["notes.txt", ...["a", "d", "e"].map((name) => `${key(name)}.tiles`)].sort());
  await tileCache(folder).tiles(key("e"), never);
});

test("a folder that cannot be written is named", async () => {
  const file = join(folderFor(), "file");
  writeFileSync(file, "");
  const work = tileCache(file).tiles(key("a"), () => Promise.resolve(tilesOf(1)));
  await expect(work).rejects.toThrow(`images cannot be stored in ${file}`);
  expect(() => tileCache(file, { maxBytes: 0 })).toThrow(/maxBytes of the image cache must be positive, got 0/);
});
