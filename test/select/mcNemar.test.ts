import { expect, test } from "vitest";
import { mcNemar } from "../../lib/select/mcNemar.js";

/** 2 · Σ C(n, i) / 2ⁿ in whole numbers. */
function byCounting(b: number, c: number): number {
  const n = BigInt(b + c);
  let [term, sum] = [1n, 1n];
  for (let i = 1n; i <= BigInt(Math.min(b, c)); i++) {
    term = (term * (n - i + 1n)) / i;
    sum += term;
  }
  return Math.min(1, Number((sum * 2n * 10n ** 18n) / 2n ** n) / 1e18);
}

test("equals the binomial distribution, counted", () => {
  for (let b = 0; b <= 30; b++) {
    for (let c = 0; c <= 30; c++) expect(mcNemar(b, c).pValue).toBeCloseTo(byCounting(b, c), 12);
  }
  expect(mcNemar(5, 15).pValue).toBeCloseTo(0.04138947, 8);
});

test("is symmetrical, 1 without disagreement, and exact for many", () => {
  expect(mcNemar(0, 0).pValue).toBe(1);
  expect(mcNemar(7, 3).pValue).toBe(mcNemar(3, 7).pValue);
  expect(mcNemar(480, 560).pValue).toBeCloseTo(byCounting(480, 560), 10);
  expect(mcNemar(50_000, 50_400).pValue).toBeGreaterThan(0.2);
});

test("refuses what is no count", () => {
  expect(() => mcNemar(-1, 2)).toThrow("-1 is no count");
  expect(() => mcNemar(1, 0.5)).toThrow("0.5 is no count");
});
