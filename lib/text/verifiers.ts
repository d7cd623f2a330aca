/**
 * Verifier features: what can be checked in a reasoning step without a model. All lie in [0, 1]; definitions beside
 * their names in `verifierNames`.
 */
import { finalAnswer } from "./answer.js";
import { evaluateChains, type Statement } from "./equations.js";
import { plainHash, tokenHashes } from "./ngrams.js";
import { tokenize, type Token } from "./numbers.js";
import { quantities, sameValue, type Quantity } from "./quantities.js";
import { numberWords } from "./vocabulary.js";

/** name → definition, in the order of the values of `verify` */
export const verifierNames = {
  "equation right": "right computed equations in the step, n / (n + 1)",
  "equation wrong": "the step holds a wrong equation",
  "equations wrong share": "wrong / (right + wrong) equations of the step",
  "comparison right": "the step holds a right comparison of numbers (<, >, ≤, ≥, ≠)",
  "comparison wrong": "the step holds a wrong comparison of numbers",
  "number unseen": "a number of the step occurs neither earlier nor as a result of an equation in the step",
  "numbers unseen share": "share of the distinct numbers of the step that are unseen",
  "contradiction with a step": "a named quantity has another value than in every earlier step that names it",
  "contradiction with the question": "a named quantity has another value than in the question",
  "step repeated": "equal to an earlier step up to white space and case",
  "step overlap": "largest Jaccard similarity of its set of tokens with that of an earlier step",
  "earlier equation wrong": "an earlier step holds a wrong equation",
  "earlier comparison wrong": "an earlier step holds a wrong comparison",
  "earlier number unseen": "an earlier step holds an unseen number",
  "earlier contradiction": "an earlier step contradicts the question or the steps before it",
  "answer not last value": "the step gives a final answer that differs from the last computed value",
} as const;

/** What a text says by itself; computed once per distinct text. */
export interface ParsedText {
  /** distinct |number|s */
  readonly numbers: ReadonlySet<number>;
  /** distinct |number|s that equations of the text compute */
  readonly computed: ReadonlySet<number>;
  readonly statements: readonly Statement[];
  readonly quantities: readonly Quantity[];
  /** sorted distinct hashes */
  readonly tokens: Int32Array;
  /** number of the final answer, where the text gives one */
  readonly answer: number | undefined;
  readonly plainHash: number;
}

/** A step in its place, linked to the steps before it. */
export interface VerifiedStep {
  readonly parsed: ParsedText;
  readonly previous: VerifiedStep | undefined;
  readonly values: Float32Array;
}

/** Numbers that steps may use without having seen them. */
const commonNumbers: ReadonlySet<number> = new Set([0, 1, 2, 10, 100]);
const label = /^\s*(?:#+\s*)?\**(?:step\s+\d+|\d{1,2})\s*[.:)]\**\s*/i;
const spelledNumber = new RegExp(`\\b(?:${[...numberWords.keys()].join("|")})\\b`, "gi");
const mayAnswer = /answer|solution|boxed/i;

export function parseText(text: string, hashes = tokenHashes(text)): ParsedText {
  const body = text.replace(label, "");
  const tokens = tokenize(body);
  const chains = evaluateChains(tokens);
  const statements: Statement[] = [];
  for (const chain of chains) statements.push(...chain.statements);
  const answer = mayAnswer.test(text) ? numbersOf(tokenize(finalAnswer([text]) ?? "")).at(-1) : undefined;
  const numbers = new Set(numbersOf(tokens));
  for (const word of body.match(spelledNumber) ?? []) numbers.add(numberWords.get(word.toLowerCase()) ?? NaN);
  const computed = new Set<number>();
  for (const statement of statements) if (statement.computed) computed.add(Math.abs(statement.right));
  return {
    numbers,
    computed,
    statements,
    quantities: quantities(tokens, chains),
    tokens: distinct(hashes),
    answer,
    plainHash: plainHash(text),
  };
}

/** Checks a step against the question and the steps before it. */
export function verify(parsed: ParsedText, question: ParsedText, previous: VerifiedStep | undefined): VerifiedStep {
  const { right, wrong } = count(parsed.statements, "equation");
  const comparison = count(parsed.statements, "comparison");
  const unseen = unseenNumbers(parsed, question, previous);
  const overlap = largestOverlap(parsed, previous);
  const before = previous?.values;
  const inherited = (...names: (keyof typeof verifierNames)[]) =>
    Math.max(0, ...names.map((name) => before?.[index[name]] ?? 0));
  const values: Record<keyof typeof verifierNames, number> = {
    "equation right": right / (right + 1),
    "equation wrong": wrong > 0 ? 1 : 0,
    "equations wrong share": wrong === 0 ? 0 : wrong / (right + wrong),
    "comparison right": comparison.right > 0 ? 1 : 0,
    "comparison wrong": comparison.wrong > 0 ? 1 : 0,
    "number unseen": unseen > 0 ? 1 : 0,
    "numbers unseen share": unseen === 0 ? 0 : unseen / parsed.numbers.size,
    "contradiction with a step": contradictsSteps(parsed, previous) ? 1 : 0,
    "contradiction with the question": parsed.quantities.some((quantity) => contradicts(quantity, [question])) ? 1 : 0,
    "step repeated": overlap === 1 && isRepeated(parsed, previous) ? 1 : 0,
    "step overlap": overlap,
    "earlier equation wrong": inherited("equation wrong", "earlier equation wrong"),
    "earlier comparison wrong": inherited("comparison wrong", "earlier comparison wrong"),
    "earlier number unseen": inherited("number unseen", "earlier number unseen"),
    "earlier contradiction": inherited(
      "contradiction with a step",
      "contradiction with the question",
      "earlier contradiction",
    ),
    "answer not last value": answerDiffers(parsed, previous) ? 1 : 0,
  };
  return { parsed, previous, values: new Float32Array(names.map((name) => values[name])) };
}

const names = Object.keys(verifierNames) as (keyof typeof verifierNames)[];
const index = Object.fromEntries(names.map((name, i) => [name, i])) as Record<keyof typeof verifierNames, number>;

function count(statements: readonly Statement[], kind: Statement["kind"]): { right: number; wrong: number } {
  let [right, wrong] = [0, 0];
  for (const statement of statements) {
    if (statement.kind !== kind) continue;
    if (statement.verdict === "wrong") wrong++;
    else if (statement.verdict === "right" && (statement.computed || kind === "comparison")) right++;
  }
  return { right, wrong };
}

function unseenNumbers(parsed: ParsedText, question: ParsedText, previous: VerifiedStep | undefined): number {
  let unseen = 0;
  for (const number of parsed.numbers) {
    if (commonNumbers.has(number) || parsed.computed.has(number) || question.numbers.has(number)) continue;
    if (!anyEarlier(previous, (step) => step.numbers.has(number) || step.computed.has(number))) unseen++;
  }
  return unseen;
}

function contradictsSteps(parsed: ParsedText, previous: VerifiedStep | undefined): boolean {
  if (parsed.quantities.length === 0 || previous === undefined) return false;
  const earlier = [...stepsBefore(previous)];
  return parsed.quantities.some((quantity) => contradicts(quantity, earlier));
}

/** Named there, and nowhere with this value. */
function contradicts({ name, value }: Quantity, texts: readonly ParsedText[]): boolean {
  let named = false;
  for (const { quantities } of texts) {
    for (const other of quantities) {
      if (other.name !== name) continue;
      if (sameValue(other.value, value)) return false;
      named = true;
    }
  }
  return named;
}

function isRepeated(parsed: ParsedText, previous: VerifiedStep | undefined): boolean {
  return anyEarlier(previous, ({ plainHash }) => plainHash === parsed.plainHash);
}

function largestOverlap(parsed: ParsedText, previous: VerifiedStep | undefined): number {
  let largest = 0;
  for (const step of stepsBefore(previous)) largest = Math.max(largest, jaccard(parsed.tokens, step.tokens));
  return largest;
}

function answerDiffers(parsed: ParsedText, previous: VerifiedStep | undefined): boolean {
  if (parsed.answer === undefined) return false;
  for (const { statements } of [parsed, ...stepsBefore(previous)]) {
    const last = statements.findLast(({ computed, kind }) => computed && kind === "equation");
    if (last) return !sameValue(Math.abs(last.right), parsed.answer);
  }
  return false;
}

function* stepsBefore(previous: VerifiedStep | undefined): Generator<ParsedText> {
  for (let step = previous; step; step = step.previous) yield step.parsed;
}

function anyEarlier(previous: VerifiedStep | undefined, holds: (step: ParsedText) => boolean): boolean {
  for (let step = previous; step; step = step.previous) if (holds(step.parsed)) return true;
  return false;
}

function numbersOf(tokens: readonly Token[]): number[] {
  return tokens.filter(({ kind }) => kind === "number").map(({ text }) => Number(text));
}

function distinct(hashes: readonly number[]): Int32Array {
  const sorted = new Int32Array(hashes).sort();
  let count = 0;
  for (const hash of sorted) if (count === 0 || hash !== sorted[count - 1]) sorted[count++] = hash;
  return sorted.subarray(0, count);
}

/** |a ∩ b| / |a ∪ b| of sorted distinct values; 0 for two empty sets */
function jaccard(a: Int32Array, b: Int32Array): number {
  let [i, j, shared] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      shared++;
      i++;
      j++;
    } else if (a[i] < b[j]) i++;
    else j++;
  }
  const union = a.length + b.length - shared;
  return union === 0 ? 0 : shared / union;
}
