import { chains, type Chain, type Side } from "./chains.js";
import { evaluate, type Value } from "./expression.js";
import { tokenize, type Relation, type Token } from "./numbers.js";
import { add, compare, negate, toNumber } from "./rational.js";
import { functions, openers } from "./vocabulary.js";

/** An equation or comparison of numbers in a text. */
export interface Statement {
  readonly kind: "equation" | "comparison";
  readonly relation: Relation;
  /** "unchecked": both sides have values, but a unit, a percentage or the wording leaves their comparison open */
  readonly verdict: "right" | "wrong" | "unchecked";
  readonly left: number;
  readonly right: number;
  /** one side is computed, as in 3 + 4 = 7, not merely restated, as in 7 = 7 */
  readonly computed: boolean;
}

/** A chain with the value of each side; a side with variables has none. */
export interface EvaluatedChain {
  readonly chain: Chain;
  readonly values: readonly (number | undefined)[];
  readonly statements: readonly Statement[];
}

/**
 * All equations and comparisons of numbers in a text, evaluated exactly in rational arithmetic.
 *
 * - `a = b = c` is judged pair by pair, each number as written.
 * - A single decimal or percentage is right when it is the exact value rounded or cut off at the written digits.
 *   Integers are exact, save those from 100 on that are computed from decimals: 0.97 × 440 = 427.
 *   Decimals inside an expression that the other side does not contain may be rounded (propagated ½ ulp).
 * - `≈` allows 1 % as well, and rounding to an integer.
 * - A percentage is read as n/100, and where that fails as n (5/20 × 100 = 25 %).
 * - A false equation, and any comparison, is "unchecked" when its sides are in different units or mix percentages with
 *   sums.
 */
export function statements(text: string): Statement[] {
  return evaluateChains(tokenize(text)).flatMap((chain) => chain.statements);
}

export function evaluateChains(tokens: readonly Token[]): EvaluatedChain[] {
  return chains(tokens).map((chain) => evaluateChain(chain, tokens));
}

interface Reading {
  readonly value: Value;
  /** the same with n % read as n */
  readonly plain: Value | undefined;
  readonly side: Side;
}

function evaluateChain(chain: Chain, tokens: readonly Token[]): EvaluatedChain {
  const { sides, relations } = chain;
  if (relations.length === 0) return { chain, values: [writtenNumber(sides[0].tokens)], statements: [] };
  const last = sides.length - 1;
  const readings = sides.map((side, i): Reading | undefined => {
    const known = i === 0 ? [] : sides[i - 1].tokens;
    const trimmed = i === 0 || i === last ? withoutLooseBrackets(side.tokens, i === 0, i === last) : side.tokens;
    const value = evaluate(trimmed, known);
    if (!value) return undefined;
    const plain = trimmed.some(({ text }) => text === "%") ? evaluate(trimmed, known, false) : undefined;
    return { value, plain, side };
  });
  const opening = openingOf(chain, tokens);
  const found: Statement[] = [];
  for (let i = 0; i < last; i++) {
    const [left, right] = [readings[i], readings[i + 1]];
    if (!left || !right) continue;
    const computed = left.value.operators + right.value.operators > 0;
    if (i === 0 && (opening === "function" || (opening === "words" && left.value.operators === 0))) continue;
    const relation = relations[i];
    const kind = isEquation(relation) ? "equation" : "comparison";
    if (i === 0 && opening === "clause" && kind === "equation" && !computed) continue;
    found.push({
      kind,
      relation,
      verdict: verdict(left, right, relation),
      left: toNumber(left.value.exact),
      right: toNumber(right.value.exact),
      computed,
    });
  }
  return { chain, values: readings.map((reading) => reading && toNumber(reading.value.exact)), statements: found };
}

/** 5, −5, 5 %, 5 million: a lone expression counts only as a number, so that 3-5 and 3/4 stay a range and a date. */
function writtenNumber(tokens: readonly Token[]): number | undefined {
  const written = tokens.every(
    ({ kind, text }, i) => kind === "number" || kind === "scale" || (i === 0 && text === "-"),
  );
  const value = written ? evaluate(tokens, []) : undefined;
  return value && toNumber(value.exact);
}

/** What stands before a chain decides whether its first side is complete. */
function openingOf({ start }: Chain, tokens: readonly Token[]): "line" | "clause" | "words" | "function" {
  const before = tokens.at(start - 1);
  if (start === 0 || before === undefined || before.text === "\n") return "line";
  if (before.kind === "break") return before.text === ":" ? "words" : "clause";
  if (before.kind === "word" && openers.has(before.text.toLowerCase())) return "clause";
  const isFunction = (token: Token | undefined) => token?.kind === "word" && functions.has(token.text.toLowerCase());
  const ofFunction = before.text === "of" && start > 1 && isFunction(tokens.at(start - 2));
  return isFunction(before) || ofFunction ? "function" : "words";
}

/** "(3 + 4 = 7)" and "1) 3 + 4 = 7": brackets that open before or close after the statement. */
function withoutLooseBrackets(tokens: readonly Token[], first: boolean, last: boolean): readonly Token[] {
  const open: number[] = [];
  let [from, to] = [0, tokens.length];
  tokens.forEach(({ kind }, i) => {
    if (i >= to) return;
    if (kind === "open") open.push(i);
    else if (kind === "close" && open.pop() === undefined) {
      if (last) to = i;
      else if (first) from = i + 1;
    }
  });
  const unclosed = open.at(-1);
  if (first && unclosed !== undefined && unclosed < to) from = Math.max(from, unclosed + 1);
  return tokens.slice(from, to);
}

function verdict(left: Reading, right: Reading, relation: Relation): Statement["verdict"] {
  const lefts = left.plain ? [left.value, left.plain] : [left.value];
  const rights = right.plain ? [right.value, right.plain] : [right.value];
  const held = lefts.some((l) => rights.some((r) => holds(l, r, relation)));
  if (held && isEquation(relation)) return "right";
  return comparable(left, right) ? (held ? "right" : "wrong") : "unchecked";
}

function isEquation(relation: Relation): boolean {
  return relation === "=" || relation === "≈";
}

function comparable(left: Reading, right: Reading): boolean {
  if ([left, right].some(({ value, plain }) => plain && value.summed)) return false;
  const bare = left.value.operators + right.value.operators === 0;
  if (bare && (left.side.worded || right.side.worded)) return left.side.units.length > 0 && sameUnits(left, right);
  const [from, to] = [left.side.units, right.side.units];
  if ((left.value.summed && from.length > 1) || (right.value.summed && to.length > 1)) return false;
  return from.length === 0 || to.length === 0 || to.every((unit) => from.includes(unit));
}

function sameUnits(left: Reading, right: Reading): boolean {
  const [a, b] = [left.side.units, right.side.units];
  return a.length === b.length && a.every((unit) => b.includes(unit));
}

function holds(left: Value, right: Value, relation: Relation): boolean {
  const order = compare(left.exact, right.exact);
  switch (relation) {
    case "≠":
      return order !== 0;
    case "<":
      return order < 0;
    case ">":
      return order > 0;
    case "≤":
      return order <= 0;
    case "≥":
      return order >= 0;
    case "=":
      return order === 0 || near(left, right, slackOf(left, right)) || isCutOff(left, right);
    case "≈": {
      const rounding = Math.max(right.ulp, left.ulp) / 2;
      const onePercent = 0.01 * Math.abs(toNumber(left.exact));
      return order === 0 || near(left, right, Math.max(slackOf(left, right), rounding, onePercent));
    }
  }
}

/** How far the sides of "=" may differ: as far as the number on one of them is rounded. */
function slackOf(left: Value, right: Value): number {
  const written = Math.max(right.slack, left.ulp > 0 ? left.slack : 0);
  const roundedInteger =
    left.measured && left.operators > 0 && right.ulp === 1 && Math.abs(toNumber(right.exact)) >= 100;
  return roundedInteger ? Math.max(written, 0.5) : written;
}

function near(left: Value, right: Value, tolerance: number): boolean {
  if (tolerance === 0) return false;
  return Math.abs(toNumber(add(left.exact, negate(right.exact)))) <= tolerance * (1 + 1e-9);
}

/** 2/3 = 0.66 */
function isCutOff(left: Value, right: Value): boolean {
  if (right.ulp === 0 || right.slack === 0) return false;
  const excess = toNumber(add(left.exact, negate(right.exact)));
  const outward = right.exact.n < 0n ? -excess : excess;
  return outward > 0 && outward < right.ulp * (1 - 1e-9);
}
