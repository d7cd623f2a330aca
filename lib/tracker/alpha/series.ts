/**
 * A named weight vector over time: K entries, T snapshots. Plain numbers, no tensors.
 *
 * On disk `alpha.f32` holds the snapshots one after another (float32, little-endian) and `alpha.json` names and steps:
 * `numpy.fromfile("alpha.f32", "<f4").reshape(-1, len(names))`. In place of long lists of names stands there
 * `{ "consecutive": K }` when they are "0" … "K − 1", else `{ "file": "alpha.names.json", … }`, a JSON array.
 * `alpha.crc` has the checksums by which changed bytes are found.
 */
export class AlphaSeries {
  /** [K] */
  readonly names: readonly string[];
  /** [T], ascending */
  readonly steps: readonly number[];
  /** [T, K], row-major: entry k at time t is `values[t * K + k]` */
  readonly values: Float32Array;
  #index: ReadonlyMap<string, number> | undefined;

  constructor(names: readonly string[], steps: readonly number[], values: Float32Array) {
    if (values.length !== names.length * steps.length) {
      throw new RangeError(`${values.length} values are no [${steps.length}, ${names.length}] matrix`);
    }
    this.names = names;
    this.steps = steps;
    this.values = values;
  }

  /**
   * The weights in force at `step`: the last snapshot at or before it, [K].
   *
   * @throws RangeError when the first snapshot is later, or there is none
   */
  at(step: number): Float32Array {
    return this.#row(snapshotAt(this.steps, step));
  }

  /** The newest snapshot, [K]. @throws RangeError when there is none */
  last(): Float32Array {
    if (this.steps.length === 0) throw new RangeError(`no last weights: ${extent(this.steps)}`);
    return this.#row(this.steps.length - 1);
  }

  /** One entry over time, [T]. @throws RangeError when there is no such entry */
  entry(name: string): Float32Array {
    this.#index ??= new Map(this.names.map((n, k) => [n, k]));
    const k = this.#index.get(name);
    if (k === undefined) throw noEntry(name, this.names);
    return Float32Array.from(this.steps, (_, t) => this.values[t * this.names.length + k]);
  }

  #row(t: number): Float32Array {
    return this.values.subarray(t * this.names.length, (t + 1) * this.names.length);
  }
}

/** Index of the last step at or before `step`. @throws RangeError when the first one is later, or there is none */
export function snapshotAt(steps: readonly number[], step: number): number {
  const t = steps.findLastIndex((s) => s <= step);
  if (t === -1) throw new RangeError(`no weights at step ${step}: ${extent(steps)}`);
  return t;
}

const extent = (steps: readonly number[]): string =>
  steps.length === 0 ? "no snapshot was logged" : `the first snapshot is at step ${steps[0]}`;

export function noEntry(name: string, names: readonly string[]): RangeError {
  const [some, more] = [names.slice(0, 10).join(", ") || "none", names.length > 10 ? ", …" : ""];
  return new RangeError(`no weight named "${name}"; there are ${names.length}: ${some}${more}`);
}
