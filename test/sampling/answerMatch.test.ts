import { describe, expect, test } from "vitest";
import { type AnswerMatch, sameAnswer } from "../../lib/sampling/answerMatch.js";

const both =
  (match: AnswerMatch, more = {}) =>
  async (a: string, b: string) => {
    const forth = await sameAnswer(a, b, { match, ...more });
    expect(await sameAnswer(b, a, { match, ...more }), `${b} | ${a}`).toBe(forth);
    return forth;
  };

describe("math", () => {
  test.each([
    ["\\frac{1}{2}", "0.5"],
    ["1/2", "\\dfrac{2}{4}"],
    ["50%", "0.5"],
    ["50\\%", "1/2"],
    ["1,234", "1234"],
    ["$1{,}234$", "1234.0"],
    ["x = 5", "5"],
    ["\\boxed{5}", "$5$"],
    ["5.", "5"],
    ["−3", "-3"],
    ["2^{10}", "1024"],
    ["6.02 × 10^{23}", "6.02e23"],
    ["2\\sqrt{3}", "\\sqrt{12}"],
    ["2√3", "\\sqrt{12}"],
    ["\\frac{\\sqrt{2}}{2}", "\\frac{1}{\\sqrt{2}}"],
    ["(x+1)^2", "x^2+2x+1"],
    ["\\sin^2(x)+\\cos^2(x)", "1"],
    ["\\frac{\\pi}{2}", "0.5\\pi"],
    ["π/2", "\\frac{\\pi}{2}"],
    ["(1, 2)", "(1,2)"],
    ["x+y", "y+x"],
    ["The Nile", "the nile."],
    ["**Paris**", "Paris"],
    ["\\text{yes}", "yes"],
  ])("%s is %s", async (a, b) => {
    expect(await both("math")(a, b)).toBe(true);
  });

  test.each([
    ["0.333", "1/3"],
    ["1,234", "234"],
    ["(1,2)", "(2,1)"],
    ["x+1", "x+2"],
    ["x^2", "x^3"],
    ["red", "der"],
    ["cat", "act"],
    ["[0,1)", "[0,1]"],
    ["2\\sqrt{3}", "\\sqrt{13}"],
    ["\\frac{", "1"],
    ["1/0", "2/0"],
    ["3 cm", "3"],
    ["x > 5", "x < 5"],
    ["no answer", "42"],
    ["9^{9^{9^9}}", "9^{9^9}"],
  ])("%s is not %s", async (a, b) => {
    expect(await both("math")(a, b)).toBe(false);
  });
});

test("numeric: within the tolerance of the reference, units aside", async () => {
  const same = (answer: string, reference: string, tolerance: number) =>
    sameAnswer(answer, reference, { match: "numeric", tolerance });
  expect(await same("12.1 cm", "12", 0.01)).toBe(true);
  expect(await same("12.2 cm", "12", 0.01)).toBe(false);
  expect(await same("0.333", "1/3", 0.01)).toBe(true);
  expect(await same("0.1", "1/10", 0)).toBe(true);
  expect(await same("$1,500", "1500 dollars", 0)).toBe(true);
  expect(await same("-5 m/s", "5", 0.1)).toBe(false);
  expect(await same("about five", "5", 0.1)).toBe(false);
  expect(await same("1/3 of it", "1", 0)).toBe(false);
});

test("option: by letter or by text, never beyond the options", async () => {
  const options = ["red", "blue", "3 cm"];
  const same = (answer: string, reference: string) => sameAnswer(answer, reference, { match: "option", options });
  for (const answer of [
    "B",
    "b",
    "(B)",
    "(B) blue",
    "B: blue",
    "Option B",
    "Choice_B",
    "blue",
    "Blue.",
    "the answer is B",
  ]) {
    expect([answer, await same(answer, "B"), await same(answer, "blue"), await same(answer, "A")]).toEqual([
      answer,
      true,
      true,
      false,
    ]);
  }
  expect(await same("D", "D")).toBe(false);
  expect(await same("3 cm", "C")).toBe(true);
  expect(await same("green", "B")).toBe(false);
  expect(await sameAnswer("b)", "B", { match: "option" })).toBe(true);
});

test("exact compares texts; auto follows the question; nothing is never right", async () => {
  expect(await sameAnswer("  The  Nile. ", "the nile", { match: "exact" })).toBe(true);
  expect(await sameAnswer("1/2", "0.5", { match: "exact" })).toBe(false);
  expect(await sameAnswer("1/2", "0.5")).toBe(true);
  expect(await sameAnswer("0.5", "A", { options: ["0.5", "2"] })).toBe(true);
  for (const none of [undefined, "", "  "]) expect(await sameAnswer(none, "")).toBe(false);
});
