import type { Relation, Token } from "./numbers.js";
import { connectives, functions, hedges, measures, modifiers, scales, wordOperators } from "./vocabulary.js";

/** One side of a relation. */
export interface Side {
  readonly tokens: Token[];
  /** distinct measuring units in it, singular; "20 cm" → cm */
  readonly units: string[];
  /** words that follow numbers, units or not: "7 apples" */
  worded: boolean;
}

/** `A = 3 + 4 = 7`: sides joined by relations; a lone expression is a chain of one side. */
export interface Chain {
  readonly sides: readonly Side[];
  readonly relations: readonly Relation[];
  /** index of its first token */
  readonly start: number;
}

/**
 * Splits tokens into chains: the longest stretches of numbers, operators, relations and words that act as units or
 * variables. A side that holds a word or an unknown sign as operand cannot be evaluated.
 */
export function chains(tokens: readonly Token[]): Chain[] {
  const found: Chain[] = [];
  let sides: Side[] = [];
  let relations: Relation[] = [];
  let start = 0;

  const isOpen = () => sides.length > 0;
  const begin = (at: number) => {
    if (isOpen()) return;
    start = at;
    sides.push(emptySide());
  };
  const push = (at: number, token: Token) => {
    begin(at);
    sides[sides.length - 1].tokens.push(token);
  };
  const end = () => {
    if (isOpen()) found.push({ sides, relations, start });
    sides = [];
    relations = [];
  };

  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    switch (token.kind) {
      case "break":
        end();
        break;
      case "relation":
        begin(i);
        relations.push(token.text);
        sides.push(emptySide());
        break;
      case "close":
        if (isOpen()) push(i, token);
        break;
      case "number":
      case "operator":
      case "open":
      case "scale":
      case "other":
        push(i, token);
        break;
      case "word":
        i = isOpen() ? takeWord(tokens, i, sides[sides.length - 1], end) : takeFirstWord(tokens, i, push);
        break;
    }
  }
  end();
  return found;
}

/** A word outside a chain starts one when it is the operand or the function of what follows. */
function takeFirstWord(tokens: readonly Token[], i: number, push: (at: number, token: Token) => void): number {
  const [token, next] = [tokens[i], tokens.at(i + 1)];
  const operand =
    next?.kind === "relation" ||
    (next?.kind === "operator" && (next.spaced || next.text !== "-")) ||
    (next?.kind === "open" && next.attached) ||
    (functions.has(token.text.toLowerCase()) && (next?.kind === "number" || next?.kind === "open"));
  if (operand) push(i, token);
  return i;
}

/** A word inside a chain is an operand, an operator, a scale, a unit, or the end of the chain; returns the last index used. */
function takeWord(tokens: readonly Token[], i: number, side: Side, end: () => void): number {
  const token = tokens[i] as Token & { kind: "word" };
  const word = token.text.toLowerCase();
  const [previous, next] = [side.tokens.at(-1), tokens.at(i + 1)];
  const beforeOperand = next?.kind === "number" || next?.kind === "open";

  if (previous === undefined || previous.kind === "operator" || previous.kind === "open") {
    if (!hedges.has(word)) side.tokens.push(token);
    return i;
  }
  const operator = wordOperators.get(token.text) ?? (word === "of" && isShare(side.tokens) ? "*" : undefined);
  if (operator && beforeOperand) {
    side.tokens.push({ kind: "operator", text: operator, spaced: true });
    return i;
  }
  const scale = scales.get(word);
  if (scale) {
    side.tokens.push({ kind: "scale", text: word === "percent" ? "%" : word, factor: scale });
    return i;
  }
  if (connectives.has(word)) {
    end();
    return i;
  }
  const measure = measureOf(token.text);
  const symbol = token.attached || token.text.length === 1 || token.text.includes("_");
  const variable = measure === undefined && symbol;
  if (variable || modifiers.has(word)) {
    side.tokens.push(token);
    return i;
  }
  return takeUnits(tokens, i, side, end);
}

/** Up to three words after a number, compound units included: "red apples", "km/h", "m/s^2". */
function takeUnits(tokens: readonly Token[], i: number, side: Side, end: () => void): number {
  side.worded = true;
  const first = takeUnit(tokens, i, side);
  let last = first;
  for (let k = 0; k < 3; k++) {
    if (k > 0) last = takeUnit(tokens, last, side);
    const next = tokens.at(last + 1);
    if (next?.kind === "operator" || next?.kind === "relation" || next?.kind === "close") return last;
    if (next?.kind !== "word" || connectives.has(next.text.toLowerCase())) break;
    if (wordOperators.has(next.text)) return last;
    last++;
  }
  end();
  return first;
}

function takeUnit(tokens: readonly Token[], i: number, side: Side): number {
  const measure = measureOf(tokens[i].text);
  if (measure !== undefined && !side.units.includes(measure)) side.units.push(measure);
  const [operator, operand] = [tokens.at(i + 1), tokens.at(i + 2)];
  if (operator?.kind !== "operator" || operand === undefined) return i;
  if (operator.text === "^") {
    const negative = operand.text === "-";
    return tokens.at(negative ? i + 3 : i + 2)?.kind === "number" ? i + (negative ? 3 : 2) : i;
  }
  const compound = (operator.text === "/" || operator.text === "*") && operand.kind === "word";
  return compound && !operator.spaced ? takeUnit(tokens, i + 2, side) : i;
}

function measureOf(word: string): string | undefined {
  const base = word.replace(/[²³23]$/, "");
  const plain = base.length > 1 ? base.toLowerCase() : base;
  if (measures.has(plain)) return plain;
  const singular = plain.endsWith("s") && plain.length > 2 ? plain.slice(0, -1) : plain;
  return measures.has(singular) ? singular : undefined;
}

/** 20 % or 1/2: what "of" multiplies. */
function isShare(tokens: readonly Token[]): boolean {
  const [sign, last] = [tokens.at(-2), tokens.at(-1)];
  return last?.kind === "scale" || (last?.kind === "number" && sign?.kind === "operator" && sign.text === "/");
}

function emptySide(): Side {
  return { tokens: [], units: [], worded: false };
}
