import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { expectClose } from "../expectClose.js";
import { meanInterval, studentTQuantile } from "../../lib/select/studentT.js";

describe("studentTQuantile", () => {
  test.each([0.501, 0.55, 0.75, 0.975, 0.995, 0.9999])("closed forms for ν = 1, 2, 4, p = %f", (p) => {
    const a = 4 * p * (1 - p);
    expectClose(studentTQuantile(p, 1), Math.tan(Math.PI * (p - 0.5)), { relative: 1e-11 });
    expectClose(studentTQuantile(p, 2), (2 * p - 1) * Math.sqrt(2 / a), { relative: 1e-11 });
    const q = Math.cos(Math.acos(Math.sqrt(a)) / 3) / Math.sqrt(a);
    expectClose(studentTQuantile(p, 4), 2 * Math.sqrt(q - 1), { relative: 1e-9 });
  });

  // scipy.stats.t.ppf, SciPy 1.17.1
  test.each([
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 3, 3.1824463052837078],
    [0.995, 3, 5.840909309733355],
    [0.9999, 3, 22.203742273205],
    [0.975, 4, 2.7764451051977934],
    [0.55, 9, 0.12925293215183115],
    [0.975, 9, 2.262157162798205],
    [0.995, 29, 2.756385903670605],
    [0.975, 1000, 1.9623390808264083],
  ])("p = %f, ν = %i", (p, nu, t) => expectClose(studentTQuantile(p, nu), t, { relative: 1e-11 }));

  test("is odd, 0 at ½, and refuses what is no probability or degree of freedom", () => {
    expect(studentTQuantile(0.5, 3)).toBe(0);
    expect(studentTQuantile(0.25, 7)).toBe(-studentTQuantile(0.75, 7));
    for (const p of [0, 1, NaN]) expect(() => studentTQuantile(p, 3)).toThrow("(0, 1)");
    for (const nu of [0, 1.5, NaN]) expect(() => studentTQuantile(0.9, nu)).toThrow("positive integer");
  });
});

describe("meanInterval", () => {
  test("by hand: 1, 2, 3 has s = 1, half width t / √3", () => {
    const half = 4.302652729749462 / Math.sqrt(3);
    expectClose(meanInterval([1, 2, 3])!, [2 - half, 2 + half], { relative: 1e-11 });
  });

  test("covers the mean of normal values in 95 % of the cases, with three values", () => {
    const draw = random(61);
    let covered = 0;
    for (let round = 0; round < 4000; round++) {
      const [low, high] = meanInterval([draw.normal(), draw.normal(), draw.normal()])!;
      if (low <= 0 && 0 <= high) covered++;
    }
    expect(covered / 4000).toBeGreaterThan(0.94);
    expect(covered / 4000).toBeLessThan(0.96);
  });

  test("degenerate input", () => {
    expect(meanInterval([5])).toBeUndefined();
    expect(meanInterval([5, 5, 5])).toEqual([5, 5]);
    expect(() => meanInterval([])).toThrow("at least 1");
    expect(() => meanInterval([1, NaN])).toThrow("value 1 is NaN");
    expect(() => meanInterval([1, 2], { level: 1 })).toThrow("(0, 1)");
  });
});
