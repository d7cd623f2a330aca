import { std } from "../core/statistics.js";
import type { ScoredQuestion } from "./candidates.js";
import { mcNemar } from "./mcNemar.js";
import { meanOf, PoissonBootstrap, type Tally } from "./poissonBootstrap.js";
import type { Estimate, PoolEvaluation, SelectorEvaluation } from "./poolEvaluation.js";
import { isPowerOfTwo, SelectorBook } from "./selectorBook.js";
import { generatorSelector, oracleSelector, randomSelector, type Selector } from "./selectors.js";

export interface PoolEvaluationOptions {
  readonly selectors: readonly Selector[];
  /** defaults to "majority" where there is such a selector, else to the first */
  readonly against?: string;
  readonly seed: number;
  /** of the bootstrap; defaults to 1,000 */
  readonly resamples?: number;
  /** of the intervals; defaults to .95 */
  readonly level?: number;
}

/** a report by more subsets, or a baseline by more generators, tells nothing */
const MOST = 200;

/**
 * Accuracy of every selector on the same questions, at all candidates and as best-of-k over all k-subsets, by subset,
 * with intervals over questions, paired between selectors. Questions are read once, one at a time: memory holds sums.
 *
 * The baseline "best generator" is the generator with the highest accuracy on these questions, so it is optimistic;
 * where it has no candidate a random one answers. Of more than 200 generators only the first are compared.
 *
 * @example
 * const seed = 1;
 * const selectors = [...baselineSelectors({ seed }), ...rewardSelectors("PRM", { seed }), oracleSelector];
 * const { selectors: results } = await evaluatePools(questions, { selectors, seed });
 *
 * @throws RangeError without questions, for two selectors of one name, an unknown `against`, or more than 200 subsets
 */
export async function evaluatePools(
  questions: AsyncIterable<ScoredQuestion> | Iterable<ScoredQuestion>,
  { selectors, against, seed, resamples = 1000, level = 0.95 }: PoolEvaluationOptions,
): Promise<PoolEvaluation> {
  if (!(level > 0 && level < 1)) throw new RangeError(`evaluatePools: level is ${level}; it must lie in (0, 1)`);
  const bootstrap = new PoissonBootstrap({ seed, resamples });
  const book = new EvaluationBook(selectors, referenceOf(selectors, against), bootstrap);
  for await (const question of questions) book.add(question, bootstrap.next());
  if (book.questions === 0) throw new RangeError("evaluatePools: there are no questions");
  return { ...book.report(level), bootstrap: { seed, resamples, level } };
}

function referenceOf(selectors: readonly Selector[], against: string | undefined): Selector {
  const names = selectors.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`evaluatePools: two selectors are named "${twice}"`);
  const reference = against ?? (names.includes("majority") ? "majority" : names[0]);
  const found = selectors.find(({ name }) => name === reference);
  if (found === undefined) {
    throw new RangeError(`evaluatePools: no selector "${reference}"; there are ${names.join(", ")}`);
  }
  return found;
}

class EvaluationBook {
  questions = 0;
  #candidates = 0;
  #withoutAnswers = 0;
  #most = 0;
  readonly #subsets = new Map<string, { questions: number; candidates: number }>();
  readonly #reference: Selector;
  readonly #books: readonly SelectorBook[];
  readonly #generators = new Map<string, SelectorBook>();
  readonly #random: SelectorBook;
  /** every value is 1 */
  readonly #counts: SelectorBook;

  constructor(selectors: readonly Selector[], reference: Selector, bootstrap: PoissonBootstrap) {
    this.#reference = reference;
    this.#books = selectors.map((selector) => new SelectorBook(selector, bootstrap));
    this.#random = new SelectorBook(randomSelector, bootstrap);
    this.#counts = new SelectorBook(oracleSelector, bootstrap);
  }

  add(question: ScoredQuestion, weights: Uint8Array): void {
    const { candidates, subset = "all" } = question;
    if (candidates.length === 0) {
      throw new RangeError(`evaluatePools: question ${question.questionId} has no candidates`);
    }
    this.questions++;
    this.#candidates += candidates.length;
    if (!candidates.some(({ answer }) => answer?.trim())) this.#withoutAnswers++;
    this.#most = Math.max(this.#most, candidates.length);
    const own = this.#subsets.get(subset) ?? { questions: 0, candidates: 0 };
    this.#subsets.set(subset, { questions: own.questions + 1, candidates: own.candidates + candidates.length });
    if (this.#subsets.size > MOST) {
      throw new RangeError(`evaluatePools: more than ${MOST} subsets, the last "${subset}"; are they questions?`);
    }
    const ks = ksOf(candidates.length);
    this.#noteGenerators(question);
    const right = this.#books.map((book) => this.#add(book, question, subset, ks, weights));
    for (const book of [...this.#generators.values(), this.#random]) this.#add(book, question, subset, ks, weights);
    this.#counts.add(subset, ks, { accuracy: [ks.map(() => 1)] }, weights);
    this.#compare(right);
  }

  /** @returns the choice is right; undefined where the selector does not choose one candidate */
  #add(book: SelectorBook, question: ScoredQuestion, subset: string, ks: readonly number[], weights: Uint8Array) {
    const selection = book.selector.select(question, ks);
    book.add(subset, ks, selection, weights);
    return selection.choice === undefined ? undefined : question.candidates[selection.choice].correct;
  }

  /** A generator that appears now was missing so far, and a random candidate answered in its place. */
  #noteGenerators({ candidates }: ScoredQuestion): void {
    for (const { generator } of candidates) {
      if (generator === undefined || this.#generators.has(generator) || this.#generators.size === MOST) continue;
      this.#generators.set(generator, this.#random.copy(generatorSelector(generator)));
    }
  }

  #compare(right: readonly (boolean | undefined)[]): void {
    const reference = right[this.#books.findIndex(({ selector }) => selector === this.#reference)];
    this.#books.forEach((book, i) => {
      if (right[i] === undefined || reference === undefined) return;
      book.compared++;
      if (right[i] && !reference) book.onlyThis++;
      if (reference && !right[i]) book.onlyReference++;
    });
  }

  report(level: number): Omit<PoolEvaluation, "bootstrap"> {
    const estimate = (value: Tally, count: Tally): Estimate => {
      const { mean, interval } = meanOf(value, count, level);
      return { mean, ...(interval && { interval }) };
    };
    const counts = this.#counts;
    const all = counts.total();
    const ks = [...counts.byK.keys()].filter((k) => isPowerOfTwo(k) || k === this.#most);
    ks.sort((a, b) => a - b);
    const overall = (book: SelectorBook) => estimate(book.total(), all);
    const generators = [...this.#generators].map(([name, book]) => ({ name, book, ...overall(book) }));
    const best = generators.reduce<(typeof generators)[number] | undefined>(
      (top, one) => (top && top.mean >= one.mean ? top : one),
      undefined,
    );
    const reference = this.#books.find(({ selector }) => selector === this.#reference) as SelectorBook;
    const evaluated = (book: SelectorBook): SelectorEvaluation => {
      const { name, kind } = book.selector;
      const runs = book.runs.map((sum) => sum / this.questions);
      const error = ks.map((k) => Math.sqrt(book.variance.get(k) ?? 0) / at(counts.byK, k).total);
      return {
        ...{ name, kind, ...overall(book) },
        bySubset: Object.fromEntries(
          [...counts.bySubset].map(([subset, count]) => [subset, estimate(at(book.bySubset, subset), count)]),
        ),
        ...(!book.selector.flat && { curve: ks.map((k) => estimate(at(book.byK, k), at(counts.byK, k))) }),
        ...(runs.length > 1 && { runs, std: std(runs) ?? 0 }),
        ...(error.some((e) => e > 0) && { monteCarloError: error }),
        ...(book !== reference && {
          comparison: {
            difference: estimate(book.total().include(reference.total(), -1), all),
            ...(book.compared === this.questions && { mcNemar: mcNemar(book.onlyThis, book.onlyReference) }),
          },
        }),
      };
    };
    const selectors = this.#books.map(evaluated);
    const lastBaseline = selectors.findLastIndex(({ kind }) => kind === "baseline");
    return {
      questions: this.questions,
      candidates: this.#candidates,
      withoutAnswers: this.#withoutAnswers,
      subsets: Object.fromEntries(this.#subsets),
      ks: ks.map((k) => ({ k, questions: at(counts.byK, k).total })),
      selectors: best
        ? selectors.toSpliced(lastBaseline + 1, 0, { ...evaluated(best.book), name: `best generator (${best.name})` })
        : selectors,
      generators: Object.fromEntries(generators.map(({ name, book }) => [name, overall(book)])),
      against: this.#reference.name,
    };
  }
}

/** 1, 2, 4, … and all. */
function ksOf(candidates: number): number[] {
  const powers = Array.from({ length: Math.floor(Math.log2(candidates)) + 1 }, (_, i) => 2 ** i);
  return powers.at(-1) === candidates ? powers : [...powers, candidates];
}

function at<K>(tallies: ReadonlyMap<K, Tally>, key: K): Tally {
  return tallies.get(key) as Tally;
}
