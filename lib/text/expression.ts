import type { Token } from "./numbers.js";
import { add, divide, multiply, negate, raise, rational, toNumber, type Rational } from "./rational.js";

/** The value of an arithmetic expression. */
export interface Value {
  readonly exact: Rational;
  /** how far `exact` may be off because written decimals are rounded */
  readonly slack: number;
  /** unit in the last place of a single written number (1 for an integer); 0 for a compound expression */
  readonly ulp: number;
  /** binary operations in it */
  readonly operators: number;
  /** one of them is + or − */
  readonly summed: boolean;
  /** a decimal occurs in it */
  readonly measured: boolean;
}

/** Numbers from 10¹⁰⁰ on are not evaluated, nor fractions of such. */
const maxDigits = 100;
const limit = 10n ** BigInt(maxDigits);
/** Longer expressions are not evaluated; no step needs them and recursion stays shallow. */
const maxTokens = 400;

/**
 * Exact value of + − × ÷ ^, brackets, unary signs, implicit products such as 2(3 + 4) and scales (%, million).
 *
 * A decimal counts as rounded (slack ½ ulp) unless it is copied from `known`, the expression it is compared with.
 *
 * @param percent  what % means: 1/100, or 1 where a percentage is computed as in 5/20 × 100 = 25 %
 * @returns undefined when the tokens are no complete expression, on division by zero and where numbers become huge
 */
export function evaluate(tokens: readonly Token[], known: readonly Token[], percent = true): Value | undefined {
  const [only] = tokens;
  if (tokens.length === 1) return only.kind === "number" ? literal(only.text, only.decimals, known) : undefined;
  if (tokens.length > maxTokens || tokens.some(({ kind }) => kind === "word" || kind === "other")) return undefined;
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
      // 6/2(1 + 2) and 1/2 × 10³ are read in two ways, and 3 × 10-19 has lost its superscript: none is read
      if (operator === undefined && (peek()?.kind !== "open" || divided)) return left;
      const ten = operator === "*" ? signAfterTen() : undefined;
      if (ten === "-" || (ten === "^" && divided)) return undefined;
      divided = operator === "/";
      const right = signed();
      left = right && (divided ? quotient(left, right) : multiplication(left, right, ten === "^"));
    }
    return left;
  }

  /** the ^ of 10^3 and the − of 10-3, if that comes next */
  function signAfterTen(): string | undefined {
    const [ten, sign] = [peek(), tokens.at(position + 1)];
    return ten?.text === "10" && sign?.kind === "operator" && !sign.spaced ? sign.text : undefined;
  }

  function signed(): Value | undefined {
    const sign = takeOperator("+-");
    if (sign === undefined) return power();
    const value = signed();
    return value && sign === "-" ? { ...value, exact: negate(value.exact) } : value;
  }

  function power(): Value | undefined {
    const base = scaled();
    if (!base || takeOperator("^") === undefined) return base;
    const exponent = signed();
    return exponent && raised(base, exponent);
  }

  function scaled(): Value | undefined {
    const first = peek();
    let value = primary();
    for (let token = peek(); value && token?.kind === "scale"; token = peek()) {
      position++;
      // percentages are rounded like decimals
      if (token.text === "%" && value.ulp > 0 && !isIn(known, first?.text ?? ""))
        value = { ...value, slack: value.ulp / 2 };
      if (token.text === "%" && !percent) continue;
      const factor = rational(...token.factor);
      const size = toNumber(factor);
      value = { ...value, exact: multiply(value.exact, factor), slack: value.slack * size, ulp: value.ulp * size };
    }
    return value;
  }

  function primary(): Value | undefined {
    const token = peek();
    position++;
    if (token?.kind === "number") return literal(token.text, token.decimals, known);
    if (token?.kind !== "open") return undefined;
    const value = sum();
    const closed = peek()?.kind === "close";
    position++;
    return closed ? value : undefined;
  }

  const value = sum();
  return position === tokens.length ? value : undefined;
}

function literal(text: string, decimals: number, known: readonly Token[]): Value | undefined {
  if (text.length > 40) return undefined;
  if (decimals === 0 && !/e/i.test(text)) {
    return { exact: rational(BigInt(text)), slack: 0, ulp: 1, operators: 0, summed: false, measured: false };
  }
  const [mantissa, exponent = "0"] = text.toLowerCase().split("e");
  const shift = Number(exponent) - decimals;
  if (Math.abs(shift) >= maxDigits) return undefined;
  const digits = BigInt(mantissa.replace(".", ""));
  const ten = 10n ** BigInt(Math.abs(shift));
  const ulp = 10 ** shift;
  return {
    exact: shift >= 0 ? rational(digits * ten) : rational(digits, ten),
    slack: shift >= 0 || isIn(known, text) ? 0 : ulp / 2,
    ulp,
    operators: 0,
    summed: false,
    measured: decimals > 0,
  };
}

function isIn(known: readonly Token[], number: string): boolean {
  return known.some(({ kind, text }) => kind === "number" && text === number);
}

function compound(exact: Rational, slack: number, a: Value, b: Value, summed: boolean): Value | undefined {
  const { n, d } = exact;
  if (n >= limit || n <= -limit || d >= limit) return undefined;
  return {
    exact,
    slack,
    ulp: 0,
    operators: a.operators + b.operators + 1,
    summed: summed || a.summed || b.summed,
    measured: a.measured || b.measured,
  };
}

function addition(a: Value, b: Value, minus: boolean): Value | undefined {
  return compound(add(a.exact, minus ? negate(b.exact) : b.exact), a.slack + b.slack, a, b, true);
}

function multiplication(a: Value, b: Value, powerOfTen: boolean): Value | undefined {
  const slack = a.slack + b.slack === 0 ? 0 : magnitude(a) * b.slack + magnitude(b) * a.slack;
  const value = compound(multiply(a.exact, b.exact), slack, a, b, false);
  // 6.02 × 10²³ is one written number
  return value && powerOfTen && a.ulp > 0 ? { ...value, ulp: a.ulp * magnitude(b), operators: 0 } : value;
}

function quotient(a: Value, b: Value): Value | undefined {
  if (b.exact.n === 0n) return undefined;
  const slack = (a.slack + (magnitude(a) / magnitude(b)) * b.slack) / magnitude(b);
  return compound(divide(a.exact, b.exact), slack, a, b, false);
}

function raised(base: Value, exponent: Value): Value | undefined {
  const n = toNumber(exponent.exact);
  const digits = base.exact.n.toString().length + base.exact.d.toString().length;
  if (!Number.isInteger(n) || digits * Math.abs(n) > maxDigits || (base.exact.n === 0n && n <= 0)) return undefined;
  const slack = base.slack === 0 || n === 0 ? 0 : Math.abs(n) * magnitude(base) ** (n - 1) * base.slack;
  return compound(raise(base.exact, n), slack, base, exponent, false);
}

function magnitude(value: Value): number {
  return Math.abs(toNumber(value.exact));
}
