import type { EvaluatedChain } from "./equations.js";
import type { Token } from "./numbers.js";
import { copulas, nameless } from "./vocabulary.js";

/** A named number: "Tea = 17", "x = 3", "f(2) = 5", "the length is 4", "radius: 5", "x + y = 7". */
export interface Quantity {
  readonly name: string;
  readonly value: number;
}

/**
 * The named quantities of a text, in order. Names are up to three content words in lower case; symbols keep theirs.
 * `Tea = 20 - 3 = 17` has the value of its last side.
 */
export function quantities(tokens: readonly Token[], chains: readonly EvaluatedChain[]): Quantity[] {
  const found: Quantity[] = [];
  for (const chain of chains) {
    const value = chain.values.at(-1);
    const name = value === undefined ? undefined : nameOf(tokens, chain);
    if (name !== undefined && value !== undefined) found.push({ name, value });
  }
  return found;
}

/** The same quantity: equal, or equal up to 1 % where one of them is no integer. */
export function sameValue(a: number, b: number): boolean {
  if (a === b) return true;
  const exact = Number.isInteger(a) && Number.isInteger(b);
  return !exact && Math.abs(a - b) <= 0.01 * Math.max(Math.abs(a), Math.abs(b));
}

function nameOf(
  tokens: readonly Token[],
  { chain: { sides, relations, start }, values }: EvaluatedChain,
): string | undefined {
  const first = sides[0].tokens;
  if (relations.length > 0 && values[0] === undefined) {
    if (relations.some((relation) => relation !== "=" && relation !== "≈")) return undefined;
    const worded = first.length <= 8 && first[0]?.kind === "word";
    if (!worded) return undefined;
    if (first.length > 1) return first.map(({ text }) => text).join("");
    return wordsBefore(tokens, start + 1);
  }
  const before = tokens.at(start - 1);
  const copula = start > 0 && (before?.text === ":" || (before?.kind === "word" && copulas.has(before.text)));
  return copula ? wordsBefore(tokens, start - 1) : undefined;
}

function wordsBefore(tokens: readonly Token[], end: number): string | undefined {
  const words: string[] = [];
  for (let i = end - 1; i >= 0 && words.length < 3; i--) {
    const token = tokens[i];
    if (token.kind !== "word") break;
    const word = token.text.length > 1 ? token.text.toLowerCase() : token.text;
    if (!nameless.has(word)) words.unshift(word);
  }
  return words.length > 0 ? words.join(" ") : undefined;
}
