import Fraction from "fraction.js";
import type { Token } from "./numbers.js";

/** The value of an arithmetic expression. */
export interface Value {
  readonly exact: Fraction;
  /** how far `exact` may be off because written decimals are rounded */
  readonly slack: number;
  /** unit in the last place of a single written number (1 for an integer); 0 for a compound expression */
  readonly ulp: number;
  /** binary operations in it */
  readonly operators: number;
  /** one of them is + or − */
  readonly summed: boolean;
}

/** 10³⁰⁰ and beyond is not evaluated. */
const maxDigits = 300;

/**
 * Exact value of + − × ÷ ^, brackets, unary signs, implicit products such as 2(3 + 4) and scales (%, million).
 *
 * A decimal counts as rounded (slack ½ ulp) unless it is copied from `known`, the numbers of the expression it is
 * compared with.
 *
 * @param percent  what % means: 1/100, or 1 where a percentage is computed as in 5/20 × 100 = 25 %
 * @returns undefined when the tokens are no complete expression, on division by zero and where numbers become huge
 */
export function evaluate(tokens: readonly Token[], known: ReadonlySet<string>, percent = true): Value | undefined {
  let position = 0;
  const peek = () => tokens.at(position);
  const takeOperator = (operators: string) => {
    const token = peek();
    if (token?.kind !== "operator" || !operators.includes(token.text)) return undefined;
    position++;
    return token.text;
  };

  function sum(): Value | undefined {
    let left = product();
    for (let sign; left && (sign = takeOperator("+-"));) {
      const right = product();
      left = right && addition(left, right, sign === "-");
    }
    return left;
  }

  function product(): Value | undefined {
    let left = signed();
    let divided = false;
    while (left) {
      const operator = takeOperator("*/");
      // 6/2(1 + 2) is read in two ways, so it is not read at all
      if (operator === undefined && (peek()?.kind !== "open" || divided)) return left;
      divided = operator === "/";
      const powerOfTen = isTen(peek()) && isCaret(tokens.at(position + 1));
      const right = signed();
      left = right && (divided ? quotient(left, right) : multiplication(left, right, powerOfTen));
    }
    return left;
  }

  function signed(): Value | undefined {
    const sign = takeOperator("+-");
    if (sign === undefined) return power();
    const value = signed();
    return value && sign === "-" ? { ...value, exact: value.exact.neg() } : value;
  }

  function power(): Value | undefined {
    const base = scaled();
    if (!base || takeOperator("^") === undefined) return base;
    const exponent = signed();
    return exponent && raise(base, exponent);
  }

  function scaled(): Value | undefined {
    let value = primary();
    for (let token = peek(); value && token?.kind === "scale"; token = peek()) {
      position++;
      if (token.text === "%" && !percent) continue;
      const factor = new Fraction(...token.factor);
      const size = factor.valueOf();
      value = { ...value, exact: value.exact.mul(factor), slack: value.slack * size, ulp: value.ulp * size };
    }
    return value;
  }

  function primary(): Value | undefined {
    const token = peek();
    position++;
    if (token?.kind === "number") return literal(token.text, token.decimals, known.has(token.text));
    if (token?.kind !== "open") return undefined;
    const value = sum();
    const closed = peek()?.kind === "close";
    position++;
    return closed ? value : undefined;
  }

  const value = sum();
  return position === tokens.length ? value : undefined;
}

function literal(text: string, decimals: number, copied: boolean): Value | undefined {
  const [mantissa, exponent = "0"] = text.toLowerCase().split("e");
  const shift = Number(exponent) - decimals;
  if (mantissa.length > 40 || Math.abs(shift) > 100) return undefined;
  const digits = BigInt(mantissa.replace(".", ""));
  const ten = 10n ** BigInt(Math.abs(shift));
  const ulp = 10 ** shift;
  return {
    exact: shift >= 0 ? new Fraction(digits * ten, 1n) : new Fraction(digits, ten),
    slack: copied || shift >= 0 ? 0 : ulp / 2,
    ulp,
    operators: 0,
    summed: false,
  };
}

function compound(exact: Fraction, slack: number, a: Value, b: Value, summed = a.summed || b.summed): Value {
  return { exact, slack, ulp: 0, operators: a.operators + b.operators + 1, summed };
}

function addition(a: Value, b: Value, minus: boolean): Value {
  return compound(minus ? a.exact.sub(b.exact) : a.exact.add(b.exact), a.slack + b.slack, a, b, true);
}

function multiplication(a: Value, b: Value, powerOfTen: boolean): Value {
  const slack = magnitude(a) * b.slack + magnitude(b) * a.slack;
  const value = compound(a.exact.mul(b.exact), slack, a, b);
  // 6.02 × 10²³ is one written number
  return powerOfTen && a.ulp > 0 ? { ...value, ulp: a.ulp * magnitude(b), operators: 0 } : value;
}

function quotient(a: Value, b: Value): Value | undefined {
  if (b.exact.n === 0n) return undefined;
  const slack = (a.slack + (magnitude(a) / magnitude(b)) * b.slack) / magnitude(b);
  return compound(a.exact.div(b.exact), slack, a, b);
}

function raise(base: Value, exponent: Value): Value | undefined {
  const n = exponent.exact.valueOf();
  const digits = base.exact.n.toString().length + base.exact.d.toString().length;
  if (!Number.isInteger(n) || digits * Math.abs(n) > maxDigits || (base.exact.n === 0n && n <= 0)) return undefined;
  const slack = Math.abs(n) * magnitude(base) ** (n - 1) * base.slack;
  return compound(base.exact.pow(n), Number.isNaN(slack) ? 0 : slack, base, exponent);
}

function magnitude(value: Value): number {
  return Math.abs(value.exact.valueOf());
}

function isTen(token: Token | undefined): boolean {
  return token?.kind === "number" && token.text === "10";
}

function isCaret(token: Token | undefined): boolean {
  return token?.kind === "operator" && token.text === "^";
}
