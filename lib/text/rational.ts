/**
 * Exact rational numbers n/d, d > 0, not reduced: an expression in a text has few operations, so its parts stay short,
 * and without a gcd per operation a step is checked several times faster.
 */
export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

export function rational(n: bigint, d = 1n): Rational {
  return d < 0n ? { n: -n, d: -d } : { n, d };
}

export function add(a: Rational, b: Rational): Rational {
  return a.d === b.d ? { n: a.n + b.n, d: a.d } : { n: a.n * b.d + b.n * a.d, d: a.d * b.d };
}

export function multiply(a: Rational, b: Rational): Rational {
  return { n: a.n * b.n, d: a.d * b.d };
}

/** b ≠ 0 */
export function divide(a: Rational, b: Rational): Rational {
  return rational(a.n * b.d, a.d * b.n);
}

/** integer exponent; base ≠ 0 where it is negative */
export function raise(base: Rational, exponent: number): Rational {
  const size = BigInt(Math.abs(exponent));
  return exponent < 0 ? rational(base.d ** size, base.n ** size) : { n: base.n ** size, d: base.d ** size };
}

export function negate(a: Rational): Rational {
  return { n: -a.n, d: a.d };
}

/** −, 0 or + as a is smaller than, equal to or larger than b */
export function compare(a: Rational, b: Rational): number {
  const [left, right] = [a.n * b.d, b.n * a.d];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The nearest double, to the rounding of numerator and denominator; both must be below 10³⁰⁸. */
export function toNumber({ n, d }: Rational): number {
  return d === 1n ? Number(n) : Number(n) / Number(d);
}
