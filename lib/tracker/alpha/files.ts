import { closeSync, constants, fdatasyncSync, ftruncateSync, openSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { errorText } from "../../core/errorText.js";
import { unwritable } from "../adapter.js";
import { blocksOf, checksums, namesChecksum } from "./checksums.js";
import { CHECKSUMS, HEADER, readHeader, TAIL, VALUES } from "./header.js";
import { AlphaNames, storeNames, type StoredNames } from "./names.js";
import { openAlpha } from "./reader.js";
import { AlphaSeries } from "./series.js";
import { writeAll } from "../events.js";
import { SCHEMA_VERSION } from "../record.js";

/** Appends snapshots of one named weight vector to a run's folder. */
export class AlphaWriter {
  readonly #folder: string;
  readonly #names: readonly string[];
  readonly #namesChecksum: number;
  /** the caller's array that was checked last: 10⁶ names need no second look */
  #checked: readonly string[] | undefined;
  readonly #values: number;
  readonly #checksums: number;
  readonly #header: number;
  #rows: number;
  #lastStep: number;
  /** where TAIL begins in alpha.json */
  #tailAt: number;

  /**
   * The series in a run's folder without the snapshots after `step`, ready for the next one; undefined when there is none.
   * At every moment a reader finds whole snapshots only.
   *
   * @throws Error when the header or the names are damaged; nothing is changed then
   */
  static async continue(folder: string, step: number): Promise<AlphaWriter | undefined> {
    const found = await readHeader(folder);
    if (!found) return undefined;
    if (!found.header) throw new Error(found.problem);
    const stored = found.header.names;
    const names = await new AlphaNames(folder, stored).all();
    return new AlphaWriter(folder, names, await keptSteps(folder, step), stored);
  }

  /**
   * @param steps   of the first rows of alpha.f32 and alpha.crc, which stay; what follows them is cut off
   * @param stored  how the names are stored already
   * @throws RangeError when a name occurs twice, or there are none
   */
  constructor(
    folder: string,
    names: readonly string[],
    steps: readonly number[] = [],
    stored: StoredNames = storeNames(folder, names),
  ) {
    this.#folder = folder;
    this.#names = [...names];
    this.#namesChecksum = namesChecksum(stored);
    const head = { schema: SCHEMA_VERSION, dtype: "<f4", names: stored };
    const text = `${JSON.stringify(head).slice(0, -1)},"steps":[${steps.join(",")}`;
    const openForWriting = (name: string, size: number) => {
      const fd = openSync(join(folder, name), constants.O_RDWR | constants.O_CREAT);
      ftruncateSync(fd, size);
      return fd;
    };
    try {
      // header first: rows that it does not list are no snapshots
      writeFileAtomic.sync(join(folder, HEADER), text + TAIL);
      this.#header = openSync(join(folder, HEADER), "r+");
      this.#values = openForWriting(VALUES, steps.length * names.length * 4);
      this.#checksums = openForWriting(CHECKSUMS, steps.length * blocksOf(names.length) * 4);
    } catch (error) {
      throw unwritable(join(folder, HEADER), error);
    }
    this.#tailAt = Buffer.byteLength(text);
    this.#rows = steps.length;
    this.#lastStep = steps.at(-1) ?? -Infinity;
  }

  /** @throws RangeError when names or the number of weights changed, or `step` goes back */
  append(step: number, names: readonly string[], weights: ArrayLike<number>): void {
    this.#check(step, names, weights);
    const row = bytesOf(weights instanceof Float32Array ? weights : Float32Array.from(weights));
    const sums = bytesOf(checksums(row, step, this.#namesChecksum));
    const entry = `${this.#rows === 0 ? "" : ","}${step}`;
    try {
      // values first: a step in the header means that its row is whole
      writeAll(this.#values, row, this.#rows * row.length);
      writeAll(this.#checksums, sums, this.#rows * sums.length);
      writeAll(this.#header, Buffer.from(entry + TAIL), this.#tailAt);
    } catch (error) {
      throw unwritable(join(this.#folder, VALUES), error);
    }
    this.#tailAt += entry.length;
    this.#rows++;
    this.#lastStep = step;
  }

  #check(step: number, names: readonly string[], weights: ArrayLike<number>): void {
    if (names.length !== weights.length) {
      throw new RangeError(`weights at step ${step}: ${names.length} names but ${weights.length} values`);
    }
    if (names !== this.#checked) this.#checkNames(step, names);
    if (!Number.isFinite(step) || step < this.#lastStep) {
      throw new RangeError(`weights at step ${step}: the last snapshot is at step ${this.#lastStep}`);
    }
  }

  #checkNames(step: number, names: readonly string[]): void {
    const expected = this.#names;
    const differs = names.length === expected.length ? names.findIndex((name, k) => name !== expected[k]) : 0;
    if (differs !== -1) {
      throw new RangeError(
        `weights at step ${step}: entry ${differs} is "${names[differs]}" of ${names.length}, ` +
          `the run began with "${expected[differs]}" of ${expected.length}; a run logs one weight vector`,
      );
    }
    this.#checked = names;
  }

  close(): void {
    const files = [this.#values, this.#checksums, this.#header];
    try {
      files.forEach(fdatasyncSync);
    } catch (error) {
      throw unwritable(join(this.#folder, VALUES), error);
    } finally {
      files.forEach(closeSync);
    }
  }
}

/** Reads what {@link AlphaWriter} wrote; a run without weights gives an empty series. `problem` says what was left out. */
export async function readAlpha(folder: string): Promise<{ series: AlphaSeries; problem?: string }> {
  const reader = await openAlpha(folder);
  try {
    const unreadable: string[] = [];
    const series = await reader.matrix().catch((error: unknown) => {
      unreadable.push(errorText(error));
      return new AlphaSeries([], [], new Float32Array());
    });
    const problems = [...reader.problems, ...unreadable];
    return { series, ...(problems.length > 0 && { problem: problems.join("; ") }) };
  } finally {
    await reader.close();
  }
}

/**
 * Steps of the whole snapshots up to `step`, ascending. Their checksums, which older stores do not have and a power
 * failure may cut, are made up for, so that later ones have their place.
 */
async function keptSteps(folder: string, step: number): Promise<readonly number[]> {
  const reader = await openAlpha(folder);
  try {
    const after = reader.steps.findIndex((s) => s > step);
    const steps = after === -1 ? reader.steps : reader.steps.slice(0, after);
    const blocks = blocksOf(reader.entries);
    const checked = Math.min(steps.length, reader.checksums.length / blocks);
    if (checked === steps.length) return steps;
    const sums = new Uint32Array(steps.length * blocks);
    sums.set(reader.checksums.subarray(0, checked * blocks));
    for (let t = checked; t < steps.length; t++) sums.set(reader.checksumsOf(t, await reader.row(t)), t * blocks);
    const file = join(folder, CHECKSUMS);
    await writeFileAtomic(file, Buffer.from(bytesOf(sums))).catch((error: unknown) => {
      throw unwritable(file, error);
    });
    return steps;
  } finally {
    await reader.close();
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
