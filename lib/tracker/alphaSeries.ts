/**
 * A named weight vector over time: K entries, T snapshots. Plain numbers, no tensors.
 *
 * On disk `alpha.f32` holds the snapshots one after another (float32, little-endian) and `alpha.json` names and steps:
 * `numpy.fromfile("alpha.f32", "<f4").reshape(-1, len(names))`.
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
    const t = this.steps.findLastIndex((s) => s <= step);
    if (t === -1) throw new RangeError(`no weights at step ${step}: ${this.#extent()}`);
    return this.#row(t);
  }

  /** The newest snapshot, [K]. @throws RangeError when there is none */
  last(): Float32Array {
    if (this.steps.length === 0) throw new RangeError(`no last weights: ${this.#extent()}`);
    return this.#row(this.steps.length - 1);
  }

  /** One entry over time, [T]. @throws RangeError when there is no such entry */
  entry(name: string): Float32Array {
    this.#index ??= new Map(this.names.map((n, k) => [n, k]));
    const k = this.#index.get(name);
    if (k === undefined) {
      const [some, more] = [this.names.slice(0, 10).join(", ") || "none", this.names.length > 10 ? ", …" : ""];
      throw new RangeError(`no weight named "${name}"; there are ${this.names.length}: ${some}${more}`);
    }
    return Float32Array.from(this.steps, (_, t) => this.values[t * this.names.length + k]);
  }

  #row(t: number): Float32Array {
    return this.values.subarray(t * this.names.length, (t + 1) * this.names.length);
  }

  #extent(): string {
    return this.steps.length === 0 ? "no snapshot was logged" : `the first snapshot is at step ${this.steps[0]}`;
  }
}
