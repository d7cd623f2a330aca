import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { errorText } from "../../core/errorText.js";
import { unwritable } from "../adapter.js";

/** Up to so many names stand in `alpha.json` itself. */
const FEW = 1000;
const FILE = "alpha.names.json";

/** Checked as a whole: item by item zod takes a second for 10⁶ names. */
export const arrayOf = <T>(isItem: (value: unknown) => value is T, what: string) =>
  z.custom<T[]>((value) => Array.isArray(value) && value.every(isItem), `expected an array of ${what}`);
const texts = arrayOf((value) => typeof value === "string", "strings");

/**
 * How names stand in `alpha.json`: a short list as it is; "0" … "n − 1" by their number; a long list in a file of its
 * own, a JSON array with a name per line, by its checksum.
 */
export const storedNames = z.union([
  texts,
  z.strictObject({ consecutive: z.int().positive() }),
  z.strictObject({ file: z.literal(FILE), entries: z.int().positive(), crc32: z.int() }),
]);
export type StoredNames = z.infer<typeof storedNames>;

/**
 * Writes the names of a weight vector where they need a file.
 *
 * @throws RangeError when a name occurs twice, or there are none
 */
export function storeNames(folder: string, names: readonly string[]): StoredNames {
  if (names.length === 0) throw new RangeError("weights: there are no names");
  if (names.length > FEW && names.every((name, k) => name === `${k}`)) return { consecutive: names.length };
  const twice = duplicate(names);
  if (twice !== undefined) throw new RangeError(`weights: the name "${twice}" occurs twice`);
  if (names.length <= FEW) return [...names];
  const text = Buffer.from(JSON.stringify(names, null, 1));
  try {
    writeFileAtomic.sync(join(folder, FILE), text);
  } catch (error) {
    throw unwritable(join(folder, FILE), error);
  }
  return { file: FILE, entries: names.length, crc32: crc32(text) };
}

function duplicate(names: readonly string[]): string | undefined {
  if (new Set(names).size === names.length) return undefined;
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

/** Names of a stored weight vector, read when they are asked for. */
export class AlphaNames {
  readonly count: number;
  readonly #folder: string;
  readonly #stored: StoredNames;
  #all: readonly string[] | undefined;

  constructor(folder: string, stored: StoredNames) {
    this.#folder = folder;
    this.#stored = stored;
    this.count = Array.isArray(stored) ? stored.length : "file" in stored ? stored.entries : stored.consecutive;
  }

  /** @throws Error naming the file when it is missing or damaged */
  async all(): Promise<readonly string[]> {
    return (this.#all ??= await this.#read());
  }

  /** @returns the entry's index, −1 when there is none of that name; no list of names is made for it */
  async indexOf(name: string): Promise<number> {
    const stored = this.#stored;
    if (Array.isArray(stored)) return stored.indexOf(name);
    if ("consecutive" in stored) {
      const index = Number(name);
      return `${index}` === name && Number.isInteger(index) && index >= 0 && index < this.count ? index : -1;
    }
    // a name takes one line, " " before it, and no quotation mark within it is bare
    const bytes = await this.#bytes();
    const at = bytes.indexOf(`\n ${JSON.stringify(name)}`);
    if (at === -1) return -1;
    let index = 0;
    for (let newline = bytes.indexOf(10); newline < at; newline = bytes.indexOf(10, newline + 1)) index++;
    return index;
  }

  async #read(): Promise<readonly string[]> {
    const stored = this.#stored;
    if (Array.isArray(stored)) return stored;
    if ("consecutive" in stored) return Array.from({ length: stored.consecutive }, (_, k) => `${k}`);
    return texts.parse(JSON.parse((await this.#bytes()).toString()));
  }

  async #bytes(): Promise<Buffer> {
    const stored = this.#stored as Extract<StoredNames, { file: string }>;
    const file = join(this.#folder, stored.file);
    const bytes = await readFile(file).catch((error: unknown) => {
      throw new Error(`cannot read the names of the weights: ${errorText(error)}`, { cause: error });
    });
    if (crc32(bytes) !== stored.crc32) {
      throw new Error(`${file} is damaged: its checksum is not the one in alpha.json; restore it from a copy`);
    }
    return bytes;
  }
}
