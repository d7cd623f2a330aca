import type { StepInput } from "../data/types.js";
import { cachedRows } from "./featureCache.js";
import { ngramHash, tokenHashes } from "./ngrams.js";
import { sparseEntries, type FeatureRows } from "./rows.js";
import { parseText, verifierNames, verify, type ParsedText, type VerifiedStep } from "./verifiers.js";

export { denseRows, type FeatureRows } from "./rows.js";

export interface Encoder {
  /** number of columns */
  readonly size: number;
  /** readable name of a column: "bucket 17", "first step", "equation wrong" */
  names(column: number): string;
  /** one row per input; deterministic */
  encode(inputs: readonly StepInput[]): FeatureRows;
  /** the same rows, from the `cache` folder where they are stored under the hash of inputs and options */
  encodeCached(inputs: readonly StepInput[]): Promise<FeatureRows>;
}

export interface FeatureOptions {
  /** columns for n-grams; defaults to 1024 */
  buckets?: number;
  /** add the verifier features; defaults to true */
  verifiers?: boolean;
  /** longest n-gram of the scored step, 1 … 3; defaults to 2 */
  ngrams?: number;
  /** folder for `encodeCached`; without one it computes */
  cache?: string;
}

/** Changes whenever the same input gets other features, so that stored rows of older versions are not used. */
const version = 1;
const structure = [
  "position", // i / 10
  "inverse position", // 1 / i
  "log position", // ln(i) / 3
  "first step",
  "final answer",
  "log step length", // ln(1 + characters) / 8, likewise below
  "log earlier length",
  "log question length",
] as const;
const questionWeight = 0.5;
const finalAnswer = /final answer|answer(?: is|\s*:)|^\s*\**solution\**\s*:|\\boxed/im;

/**
 * Features of the last of the `steps`: hashed n-grams, position and lengths, and what can be verified.
 *
 * - `buckets` columns: each of the n uni- to `ngrams`-grams of the step adds 1/√n to its bucket, each of the m unigrams
 *   of the question 1/(2√m) to the bucket of a hash of its own, so both parts have a length of about 1 and ½.
 * - columns for position, lengths and "final answer".
 * - columns of `verifierNames`, each in [0, 1].
 *
 * The image is not looked at.
 *
 * @throws RangeError on an unknown option or one out of range, and on an input without steps, with its row
 * @example
 * const encoder = hashedFeatures({ buckets: 256 });
 * const rows = encoder.encode([{ question: "What is 3 + 4?", steps: ["3 + 4 = 8."] }]);
 * const wrong = rows.indices.some((column) => encoder.names(column) === "equation wrong"); // true
 */
export function hashedFeatures(options: FeatureOptions = {}): Encoder {
  const { buckets = 1024, verifiers = true, ngrams = 2, cache } = checked(options);
  const columns = [...structure, ...(verifiers ? Object.keys(verifierNames) : [])];
  const size = buckets + columns.length;
  const encode = (inputs: readonly StepInput[]) => encodeRows(inputs, { buckets, verifiers, ngrams, size });
  return {
    size,
    names(column) {
      if (!Number.isInteger(column) || column < 0 || column >= size) {
        throw new RangeError(`column ${column} does not exist; there are ${size}`);
      }
      return column < buckets ? `bucket ${column}` : columns[column - buckets];
    },
    encode,
    encodeCached: async (inputs) =>
      cache === undefined
        ? encode(inputs)
        : cachedRows(cache, JSON.stringify({ version, buckets, verifiers, ngrams }), inputs, size, encode),
  };
}

interface Layout {
  readonly buckets: number;
  readonly verifiers: boolean;
  readonly ngrams: number;
  readonly size: number;
}

function encodeRows(inputs: readonly StepInput[], { buckets, verifiers, ngrams, size }: Layout): FeatureRows {
  const texts = new Map<string, number[]>();
  const hashesOf = (text: string) => memo(texts, text, tokenHashes);
  const verified = prefixVerifier(hashesOf);
  const row = new Float32Array(size);
  const indptr = new Int32Array(inputs.length + 1);
  const entries = sparseEntries(size);
  const addNgrams = (text: string, longest: number, namespace: number, weight: number) => {
    const hashes = hashesOf(text);
    let total = 0;
    for (let n = 1; n <= longest; n++) total += Math.max(0, hashes.length - n + 1);
    const value = weight / Math.sqrt(total);
    for (let n = 1; n <= longest; n++) {
      for (let i = 0; i + n <= hashes.length; i++) row[ngramHash(hashes, i, n, namespace) % buckets] += value;
    }
  };

  inputs.forEach(({ question, steps }, r) => {
    const step = steps.at(-1);
    if (step === undefined) throw new RangeError(`input ${r} has no steps; give at least one`);
    row.fill(0);
    addNgrams(step, ngrams, 1, 1);
    addNgrams(question, 1, 2, questionWeight);

    const earlier = steps.reduce((sum, text) => sum + text.length, -step.length);
    const i = steps.length;
    row.set(
      [
        i / 10,
        1 / i,
        Math.log(i) / 3,
        i === 1 ? 1 : 0,
        finalAnswer.test(step) ? 1 : 0,
        Math.log1p(step.length) / 8,
        Math.log1p(earlier) / 8,
        Math.log1p(question.length) / 8,
      ],
      buckets,
    );
    if (verifiers) row.set(verified(question, steps), buckets + structure.length);
    indptr[r + 1] = entries.add(row);
  });
  return { rows: inputs.length, size, indptr, ...entries.arrays() };
}

/** A step after the steps before it; prefixes that share steps share the work. */
interface Prefix {
  readonly step: VerifiedStep | undefined;
  readonly next: Map<string, Prefix>;
}

/** (question, steps) → verifier features of the last step */
function prefixVerifier(hashesOf: (text: string) => number[]) {
  const parses = new Map<string, ParsedText>();
  const roots = new Map<string, Prefix>();
  const parsed = (text: string) => memo(parses, text, () => parseText(text, hashesOf(text)));
  return (question: string, steps: readonly string[]): Float32Array => {
    let prefix: Prefix = memo(roots, question, () => ({ step: undefined, next: new Map() }));
    for (const text of steps) {
      const { step, next } = prefix;
      prefix = memo(next, text, () => ({ step: verify(parsed(text), parsed(question), step), next: new Map() }));
    }
    return prefix.step?.values ?? new Float32Array(0);
  };
}

function memo<V>(values: Map<string, V>, key: string, compute: (key: string) => V): V {
  let value = values.get(key);
  if (value === undefined) {
    value = compute(key);
    values.set(key, value);
  }
  return value;
}

function checked(options: FeatureOptions): FeatureOptions {
  const known = ["buckets", "verifiers", "ngrams", "cache"];
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new RangeError(`hashedFeatures has no option "${unknown[0]}"; it has ${known.join(", ")}`);
  requireInteger("buckets", options.buckets, 1, 2 ** 24);
  requireInteger("ngrams", options.ngrams, 1, 3);
  return options;
}

function requireInteger(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new RangeError(`hashedFeatures: ${name} is ${value}; it must be an integer from ${least} to ${most}`);
}
