export interface McNemar {
  /** questions that only the first method answers right */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** two-sided */
  readonly pValue: number;
}

/**
 * McNemar's exact test of "both methods are right equally often" on the same questions. Of the b + c questions on which
 * one is right and the other wrong, each is equally likely to favour either:
 *
 *     p = min(1, 2 · P(X ≤ min(b, c))),   X ~ Binomial(b + c, ½)
 *
 * McNemar, Psychometrika 12 (1947).
 * Differs: the binomial distribution itself, not its χ² approximation, so that few disagreements do no harm.
 *
 * @param onlyFirst   b
 * @param onlySecond  c
 * @throws RangeError when a count is negative or no whole number
 */
export function mcNemar(onlyFirst: number, onlySecond: number): McNemar {
  for (const count of [onlyFirst, onlySecond]) {
    if (!Number.isInteger(count) || count < 0) throw new RangeError(`mcNemar: ${count} is no count of questions`);
  }
  const n = onlyFirst + onlySecond;
  let logTerm = -n * Math.LN2; // log of C(n, i) / 2ⁿ
  let tail = Math.exp(logTerm);
  for (let i = 1; i <= Math.min(onlyFirst, onlySecond); i++) {
    logTerm += Math.log((n - i + 1) / i);
    tail += Math.exp(logTerm);
  }
  return { onlyFirst, onlySecond, pValue: Math.min(1, 2 * tail) };
}
