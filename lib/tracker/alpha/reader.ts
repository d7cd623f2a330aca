import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BLOCK, blocksOf, checksums, namesChecksum } from "./checksums.js";
import { type AlphaHeader, CHECKSUMS, readHeader, VALUES } from "./header.js";
import { AlphaNames } from "./names.js";
import { AlphaSeries, noEntry, snapshotAt } from "./series.js";

/** One entry of a weight vector over time. */
export interface AlphaEntrySeries {
  /** [T], ascending */
  readonly steps: readonly number[];
  /** [T] */
  readonly values: Float32Array;
}

/**
 * Opens the weight vector of a run without reading it: of 10⁶ weights, one over time or one snapshot takes milliseconds.
 * A run without weights gives a reader of no entries and no steps. The snapshots are those of now; of
 * a run that is still being written, later ones need another reader.
 *
 * @param folder  of the run
 * @throws Error when the files are of a newer version; what is damaged is in `problems`
 * @example
 * const alpha = await openAlpha(record.folder);
 * const { steps, values } = await alpha.entry("q-17");
 * await alpha.close();
 */
export async function openAlpha(folder: string): Promise<AlphaReader> {
  const found = await readHeader(folder);
  const problems = found?.problem === undefined ? [] : [found.problem];
  const none = new Uint32Array();
  if (!found?.header) {
    return new AlphaReader(folder, { dtype: "<f4", names: [], steps: [] }, undefined, none, problems);
  }
  const { names, steps } = found.header;
  const entries = new AlphaNames(folder, names).count;
  const stored = await readFile(join(folder, CHECKSUMS)).catch(ifThere);
  const file = await open(join(folder, VALUES)).catch(ifThere);
  const size = file ? (await file.stat()).size : 0;
  const rows = Math.min(steps.length, Math.floor(size / (4 * entries)));
  if (rows < steps.length) {
    problems.push(`${join(folder, VALUES)} holds ${rows} of ${steps.length} snapshots; the others are lost`);
  }
  const checked = Math.min(rows, Math.floor((stored?.length ?? 0) / (4 * blocksOf(entries))));
  if (stored && checked < rows) {
    problems.push(`${join(folder, CHECKSUMS)} holds the checksums of ${checked} of ${rows} snapshots; the others are unchecked`); // prettier-ignore
  }
  const sums = stored ? new Uint32Array(Uint8Array.from(stored.subarray(0, 4 * checked * blocksOf(entries))).buffer) : none; // prettier-ignore
  return new AlphaReader(folder, { ...found.header, steps: steps.slice(0, rows) }, file, sums, problems);
}

/** A stored weight vector over time: K entries, T snapshots. Made by {@link openAlpha}; `close` it after use. */
export class AlphaReader {
  /** K */
  readonly entries: number;
  /** [T], ascending */
  readonly steps: readonly number[];
  /** uint32 [T, ⌈K / 1024⌉], or those of the first snapshots when the others have none */
  readonly checksums: Uint32Array;
  readonly #file: string;
  readonly #handle: FileHandle | undefined;
  readonly #names: AlphaNames;
  readonly #namesChecksum: number;
  readonly #problems: Set<string>;

  constructor(
    folder: string,
    { names, steps }: AlphaHeader,
    handle: FileHandle | undefined,
    sums: Uint32Array,
    problems: readonly string[],
  ) {
    this.#file = join(folder, VALUES);
    this.#handle = handle;
    this.#names = new AlphaNames(folder, names);
    this.#namesChecksum = namesChecksum(names);
    this.entries = this.#names.count;
    this.steps = steps;
    this.checksums = sums;
    this.#problems = new Set(problems);
  }

  /** What was found damaged so far, in sentences. */
  get problems(): readonly string[] {
    return [...this.#problems];
  }

  /** [K] @throws Error naming the file of the names when it is missing or damaged */
  names(): Promise<readonly string[]> {
    return this.#names.all();
  }

  /** One entry over time, without the snapshots that are damaged. @throws RangeError when there is no such entry */
  async entry(name: string): Promise<AlphaEntrySeries> {
    const index = await this.#names.indexOf(name);
    if (index === -1) throw noEntry(name, await this.names());
    return this.entryAt(index);
  }

  /**
   * {@link AlphaReader.entry} by its index: 4 KiB of each snapshot are read and verified.
   *
   * @param index  0 … K − 1
   */
  async entryAt(index: number): Promise<AlphaEntrySeries> {
    if (!Number.isInteger(index) || index < 0 || index >= this.entries) {
      throw new RangeError(`no weight has index ${index}; there are ${this.entries}, from 0`);
    }
    const first = index - (index % BLOCK);
    const found: { step: number; value: number }[] = [];
    for (let start = 0; start < this.steps.length; start += AT_ONCE) {
      const blocks = this.steps
        .slice(start, start + AT_ONCE)
        .map((_, i) => this.#read(start + i, first, Math.min(BLOCK, this.entries - first)));
      (await Promise.all(blocks)).forEach((block, i) => {
        const t = start + i;
        if (this.#sound(t, first, block)) found.push({ step: this.steps[t], value: block[index - first] });
      });
    }
    return { steps: found.map(({ step }) => step), values: Float32Array.from(found, ({ value }) => value) };
  }

  /** Snapshot t, [K]. @throws Error when it is damaged */
  async row(t: number): Promise<Float32Array> {
    if (this.steps[t] === undefined) throw new RangeError(`no snapshot ${t}; there are ${this.steps.length}, from 0`);
    const row = await this.#read(t, 0, this.entries);
    if (!this.#sound(t, 0, row)) throw new Error(this.#damaged(t));
    return row;
  }

  /**
   * The weights in force at `step`: the last snapshot at or before it, [K].
   *
   * @throws RangeError when the first snapshot is later, or there is none; Error when that snapshot is damaged
   */
  async at(step: number): Promise<Float32Array> {
    return this.row(snapshotAt(this.steps, step));
  }

  /** All of it, without the snapshots that are damaged; no names without snapshots. @throws as {@link AlphaReader.names} */
  async matrix(): Promise<AlphaSeries> {
    const [T, K] = [this.steps.length, this.entries];
    const names = T === 0 ? [] : await this.names(); // a damaged count may ask for more names than there is memory
    const values = await this.#read(0, 0, T * K);
    const row = (t: number) => values.subarray(t * K, (t + 1) * K);
    const sound = Array.from({ length: T }, (_, t) => t).filter((t) => this.#sound(t, 0, row(t)));
    sound.forEach((t, kept) => t > kept && values.set(row(t), kept * K));
    const steps = sound.map((t) => this.steps[t]);
    return new AlphaSeries(names, steps, values.subarray(0, steps.length * K));
  }

  /** Of values of snapshot t that begin with a block, as they should stand in `alpha.crc`. */
  checksumsOf(t: number, values: Float32Array): Uint32Array {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return checksums(bytes, this.steps[t], this.#namesChecksum);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  /** `count` values from entry `first` of snapshot `t` on. */
  async #read(t: number, first: number, count: number): Promise<Float32Array> {
    const bytes = new Uint8Array(count * 4);
    const position = (t * this.entries + first) * 4;
    for (let done = 0; done < bytes.length;) {
      // one read call takes less than 2 GiB
      const length = Math.min(bytes.length - done, 1 << 28);
      const { bytesRead } = (await this.#handle?.read(bytes, done, length, position + done)) ?? { bytesRead: 0 };
      if (bytesRead === 0) throw new Error(`${this.#file} was cut while it was read: open it again`);
      done += bytesRead;
    }
    return new Float32Array(bytes.buffer);
  }

  /** The values, which begin with a block, are those that were written; reports them when not. */
  #sound(t: number, first: number, values: Float32Array): boolean {
    const at = t * blocksOf(this.entries) + first / BLOCK;
    const expected = this.checksums.subarray(at, at + blocksOf(values.length));
    if (expected.length === 0) return true;
    const sums = this.checksumsOf(t, values);
    if (expected.every((sum, b) => sum === sums[b])) return true;
    this.#problems.add(this.#damaged(t));
    return false;
  }

  #damaged(t: number): string {
    return `${this.#file}: the snapshot at step ${this.steps[t]} is damaged (its checksum differs) and is left out`;
  }
}

/** Reads in flight at once. */
const AT_ONCE = 64;

function ifThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
