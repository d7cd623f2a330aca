import { describe, expect, test } from "vitest";
import { evaluateChains } from "../../lib/text/equations.js";
import { tokenize } from "../../lib/text/numbers.js";
import { quantities } from "../../lib/text/quantities.js";
import { parseText, verifierNames, verify, type VerifiedStep } from "../../lib/text/verifiers.js";

type Name = keyof typeof verifierNames;

/** Features of the last step by name, zeros left out. */
function features(question: string, ...steps: string[]): Partial<Record<Name, number>> {
  const asked = parseText(question);
  const last = steps.reduce<VerifiedStep | undefined>(
    (before, step) => verify(parseText(step), asked, before),
    undefined,
  );
  const names = Object.keys(verifierNames) as Name[];
  const values = names.map((name, i): [Name, number] => [name, last!.values[i]]);
  return Object.fromEntries(values.filter(([, value]) => value !== 0));
}

function named(text: string): Record<string, number> {
  const tokens = tokenize(text);
  return Object.fromEntries(quantities(tokens, evaluateChains(tokens)).map(({ name, value }) => [name, value]));
}

test.each([
  ["Tea = 17", { tea: 17 }],
  ["So the value of Tea is 17.", { tea: 17 }],
  ["Step: x = 3", { x: 3 }],
  ["X = 3 and x = 4", { X: 3, x: 4 }],
  ["the length of the rectangle is 4 cm", { "length rectangle": 4 }],
  ["Radius: 5", { radius: 5 }],
  ["Tea = 20 - 3 = 17", { tea: 17 }],
  ["f(2) = 5", { "f(2)": 5 }],
  ["x + y = 7", { "x+y": 7 }],
  ["price = $1,200", { price: 1200 }],
  ["T = -5", { T: -5 }],
  ["x = 2y", {}],
  ["the length is 4 times the width", {}],
  ["the trip takes 3-5 days", {}],
  ["Opened: 2023-05-01", {}],
  ["the value is 5", {}],
  ["x > 5", {}],
  ["At 12:30", {}],
] as [string, Record<string, number>][])("quantities of %s: %j", (text, expected) => {
  expect(named(text)).toEqual(expected);
});

describe("equations and comparisons", () => {
  test("right", () => {
    expect(features("Tea 3, milk 4?", "3 + 4 = 7 and 7 × 2 = 14")).toEqual({ "equation right": Math.fround(2 / 3) });
  });

  test("wrong, with its share", () => {
    const found = features("?", "3 + 4 = 8, 1 + 1 = 2");
    expect(found).toMatchObject({ "equation wrong": 1, "equations wrong share": 0.5, "equation right": 0.5 });
  });

  test("comparisons", () => {
    expect(features("5 or 3?", "5 > 3")).toEqual({ "comparison right": 1 });
    expect(features("5 or 3?", "5 < 3")).toEqual({ "comparison wrong": 1 });
  });

  test("a restated number is no computation", () => {
    expect(features("7?", "7 = 7")).toEqual({});
  });
});

describe("unseen numbers", () => {
  test.each([
    ["Tea is 17.", "The bar of Tea shows 17.", 0],
    ["Tea is 17.", "The bar of Tea shows 18.", 1],
    ["Tea is 17 and milk 5.", "17 + 5 = 22, so 22 in all.", 0],
    ["Tea is 17 and milk 5.", "17 + 5 = 23.", 0],
    ["There are five objects.", "We place 5 objects.", 0],
    ["How many?", "There is 1 of 2.", 0],
    ["How many?", "Step 3: nothing.", 0],
    ["A sum of 1,200 dollars.", "1200 dollars", 0],
    ["On 2023-05-01", "It was day 5 of 2023.", 0],
    ["It rose to -8.", "the 8 degrees", 0],
  ])("%s / %s", (question, step, unseen) => {
    expect(features(question, step)["number unseen"] ?? 0).toBe(unseen);
  });

  test("seen in an earlier step or computed there", () => {
    expect(features("?", "We read 17 and 5.", "17 + 5 = 22.", "So 22.")).not.toHaveProperty("number unseen");
  });

  test("their share", () => {
    expect(features("3 and 4", "3, 4, 55 and 66")["numbers unseen share"]).toBe(0.5);
  });
});

describe("contradictions", () => {
  test.each([
    ["Tea = 17", "Tea = 18", 1],
    ["Tea = 17", "the value of tea is 17", 0],
    ["x = 3 or x = -2", "x = -2", 0],
    ["The mean is 3.33", "the mean is 3.333", 0],
    ["Tea = 17", "Milk = 18", 0],
    ["A = 5", "a = 6", 0],
  ])("%s, then %s", (first, second, expected) => {
    expect(features("?", first, second)["contradiction with a step"] ?? 0).toBe(expected);
    expect(features(first, second)["contradiction with the question"] ?? 0).toBe(expected);
  });
});

describe("repeats", () => {
  test("exact up to spaces and case, numbers included", () => {
    expect(features("?", "We add  both values", "we add both values")).toMatchObject({
      "step repeated": 1,
      "step overlap": 1,
    });
    const similar = features("3 and 4?", "We take 3", "We take 4");
    expect(similar).not.toHaveProperty("step repeated");
    expect(similar["step overlap"]).toBe(1);
  });

  test("overlap is the Jaccard similarity of the tokens", () => {
    expect(features("?", "a b c", "x y", "b c d")["step overlap"]).toBe(0.5);
  });
});

test("flags of earlier steps are inherited, however far", () => {
  const found = features("Tea is 3", "3 + 4 = 8", "so", "5 < 4 and Tea = 9", "and", "done");
  expect(found).toMatchObject({
    "earlier equation wrong": 1,
    "earlier comparison wrong": 1,
    "earlier number unseen": 1,
    "earlier contradiction": 1,
  });
  expect(found).not.toHaveProperty("equation wrong");
  expect(features("Tea is 3", "3 + 4 = 8")).not.toHaveProperty("earlier equation wrong");
});

describe("final answer against the last computed value", () => {
  test.each([
    [["3 + 4 = 7", "Final answer: 7"], 0],
    [["3 + 4 = 7", "Final answer: 8"], 1],
    [["3 + 4 = 7", "The answer is \\boxed{7}"], 0],
    [["3 + 4 = 7. So the answer is 9"], 1],
    [["3 + 4 = 7", "Final answer: B"], 0],
    [["Nothing computed", "Final answer: 8"], 0],
  ])("%j: %d", (steps, expected) => {
    expect(features("3 and 4; 8?", ...steps)["answer not last value"] ?? 0).toBe(expected);
  });
});
