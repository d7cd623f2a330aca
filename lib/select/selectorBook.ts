import type { PoissonBootstrap, Tally } from "./poissonBootstrap.js";
import type { Selection, Selector } from "./selectors.js";

/** Sums over the questions so far of one selector's accuracies. */
export class SelectorBook {
  readonly selector: Selector;
  /** at all candidates of a question */
  readonly bySubset = new Map<string, Tally>();
  /** best-of-k */
  readonly byK = new Map<number, Tally>();
  /** by training of the reward model, at all candidates */
  readonly runs: number[] = [];
  /** variance of the sum by drawing k-subsets */
  readonly variance = new Map<number, number>();
  /** questions on which this selector and the reference choose one candidate each, and only one of them a right one */
  compared = 0;
  onlyThis = 0;
  onlyReference = 0;
  /** the largest k in `byK` that is no power of two */
  #uneven = 0;
  readonly #bootstrap: PoissonBootstrap;

  constructor(selector: Selector, bootstrap: PoissonBootstrap) {
    this.selector = selector;
    this.#bootstrap = bootstrap;
  }

  /** @param ks  ascending, the last one all candidates of the question */
  add(subset: string, ks: readonly number[], { accuracy, variance }: Selection, weights: Uint8Array): void {
    const all = ks.length - 1;
    for (let i = this.selector.flat ? all : 0; i <= all; i++) {
      let sum = 0;
      for (const run of accuracy) sum += run[i];
      const value = sum / accuracy.length;
      if (i === all) this.#of(this.bySubset, subset).add(value, weights);
      if (this.selector.flat || !this.#keeps(ks[i])) continue;
      this.#of(this.byK, ks[i]).add(value, weights);
      if (variance?.[i]) this.variance.set(ks[i], (this.variance.get(ks[i]) ?? 0) + variance[i]);
    }
    for (let r = 0; r < accuracy.length; r++) this.runs[r] = (this.runs[r] ?? 0) + accuracy[r][all];
  }

  /** The same sums in the name of another flat selector. */
  copy(selector: Selector): SelectorBook {
    const copy = new SelectorBook(selector, this.#bootstrap);
    for (const [subset, tally] of this.bySubset) copy.#of(copy.bySubset, subset).include(tally);
    copy.runs.push(...this.runs);
    return copy;
  }

  /** of all subsets */
  total(): Tally {
    const total = this.#bootstrap.tally();
    for (const tally of this.bySubset.values()) total.include(tally);
    return total;
  }

  /** Powers of two, and of all other k the largest so far: pools of any size would make as many tallies. */
  #keeps(k: number): boolean {
    if (isPowerOfTwo(k)) return true;
    if (k > this.#uneven) {
      this.byK.delete(this.#uneven);
      this.#uneven = k;
    }
    return k === this.#uneven;
  }

  #of<K>(tallies: Map<K, Tally>, key: K): Tally {
    const tally = tallies.get(key) ?? this.#bootstrap.tally();
    tallies.set(key, tally);
    return tally;
  }
}

export const isPowerOfTwo = (k: number): boolean => Number.isInteger(Math.log2(k));
