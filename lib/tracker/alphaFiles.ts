import { closeSync, constants, ftruncateSync, openSync } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { unwritable } from "./adapter.js";
import { AlphaSeries } from "./alphaSeries.js";
import { writeAll } from "./events.js";
import { checkVersion, SCHEMA_VERSION } from "./record.js";

const VALUES = "alpha.f32";
const HEADER = "alpha.json";
const TAIL = "]}\n";

/** Appends snapshots of one named weight vector to a run's folder. */
export class AlphaWriter {
  readonly #folder: string;
  readonly #names: readonly string[];
  /** the caller's array that was checked last: 10⁶ names need no second look */
  #checked: readonly string[] | undefined;
  readonly #values: number;
  readonly #header: number;
  #rows: number;
  #lastStep: number;
  /** where TAIL begins in alpha.json; a step is added by writing over it, so the file is valid JSON at all times */
  #tailAt: number;

  /**
   * The series in a run's folder without the snapshots after `step`, ready for the next one; undefined when there is none.
   * At every moment a reader finds whole snapshots only.
   */
  static async continue(folder: string, step: number): Promise<AlphaWriter | undefined> {
    const header = await readHeader(join(folder, HEADER));
    if (!header) return undefined;
    const size = await stat(join(folder, VALUES)).then(
      (s) => s.size,
      () => 0,
    );
    const rows = Math.floor(size / (4 * header.names.length));
    const steps = header.steps.slice(0, rows).filter((s) => s <= step); // ascending: the first ones stay
    return new AlphaWriter(folder, header.names, steps);
  }

  /**
   * @param steps  of the first rows of alpha.f32, which stay; what follows them is cut off
   * @throws RangeError when a name occurs twice, or there are none
   */
  constructor(folder: string, names: readonly string[], steps: readonly number[] = []) {
    if (names.length === 0) throw new RangeError("weights: there are no names");
    const twice = duplicate(names);
    if (twice !== undefined) throw new RangeError(`weights: the name "${twice}" occurs twice`);
    this.#folder = folder;
    this.#names = [...names];
    const head = { schema: SCHEMA_VERSION, dtype: "<f4", names };
    const text = `${JSON.stringify(head).slice(0, -1)},"steps":[${steps.join(",")}`;
    try {
      // header first: rows that it does not list are no snapshots
      writeFileAtomic.sync(join(folder, HEADER), text + TAIL);
      this.#header = openSync(join(folder, HEADER), "r+");
      this.#values = openSync(join(folder, VALUES), constants.O_RDWR | constants.O_CREAT);
      ftruncateSync(this.#values, steps.length * names.length * 4);
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
    const row = weights instanceof Float32Array ? weights : Float32Array.from(weights);
    const entry = `${this.#rows === 0 ? "" : ","}${step}`;
    try {
      // values first: a step in the header means that its row is whole
      writeAll(this.#values, new Uint8Array(row.buffer, row.byteOffset, row.byteLength), this.#rows * row.byteLength);
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
    closeSync(this.#values);
    closeSync(this.#header);
  }
}

function duplicate(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

/** Checked as a whole: item by item zod takes a second for 10⁶ names. */
const arrayOf = <T>(isItem: (value: unknown) => value is T, what: string) =>
  z.custom<T[]>((value) => Array.isArray(value) && value.every(isItem), `expected an array of ${what}`);

const headerSchema = z.object({
  names: arrayOf((value) => typeof value === "string", "strings"),
  steps: arrayOf((value) => typeof value === "number", "numbers"),
});

/** Reads what {@link AlphaWriter} wrote; a run without weights gives an empty series. `problem` says what was left out. */
export async function readAlpha(folder: string): Promise<{ series: AlphaSeries; problem?: string }> {
  const header = await readHeader(join(folder, HEADER));
  if (!header) return { series: new AlphaSeries([], [], new Float32Array()) };
  const { names, steps } = header;
  const values = await readFloats(join(folder, VALUES), steps.length * names.length);
  const rows = names.length === 0 ? 0 : Math.floor(values.length / names.length);
  if (rows === steps.length) return { series: new AlphaSeries(names, steps, values) };
  return {
    series: new AlphaSeries(names, steps.slice(0, rows), values.subarray(0, rows * names.length)),
    problem: `${join(folder, VALUES)} holds ${rows} of ${steps.length} snapshots; the others are lost`,
  };
}

/** @returns undefined when there is no such file */
async function readHeader(file: string): Promise<z.infer<typeof headerSchema> | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
  const value = parseHeader(text);
  checkVersion(value, file);
  return parseOptions(headerSchema, value, file);
}

/** A header whose tail was cut by a power failure is read up to its last whole step. */
function parseHeader(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.slice(0, Math.max(text.lastIndexOf(","), text.lastIndexOf("[") + 1)) + TAIL);
  }
}

/** At most `count` float32 values from the start of a file, fewer when it is shorter. */
async function readFloats(file: string, count: number): Promise<Float32Array> {
  const bytes = new Uint8Array(count * 4);
  const handle = await open(file);
  try {
    let done = 0;
    while (done < bytes.length) {
      // one read call takes less than 2 GiB
      const { bytesRead } = await handle.read(bytes, done, Math.min(bytes.length - done, 1 << 28), done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return new Float32Array(bytes.buffer, 0, Math.floor(done / 4));
  } finally {
    await handle.close();
  }
}
