import { describe, expect, test } from "vitest";
import { finalAnswer } from "../../lib/text/answer.js";
import { promptText } from "../../lib/text/prompts.js";
import { normaliseQuestion, splitQuestion } from "../../lib/text/question.js";

describe("splitQuestion", () => {
  test.each<[string, string, string, string]>([
    ["options in the question's paragraph", "Question: q?\nOptions: (A) x (B) y", "\n\n", "Step 1: a\nStep 2: b"],
    ["options in a paragraph of their own", "Question: q?\n\nOptions: (A) x", "\n\n", "Let's see:\n\n### Step 1: a"],
    ["a response without steps", "Question: q?\nOptions: (A) x", "\n\n", "It is A."],
    ["an answer alone", "Question: q?\nOptions: (A) x", "\n\n", "Final answer: A"],
    ["an answer right after the options", "Question: q?\nOptions: (A) x", "\n", "Final answer: A"],
    ["no options", "Question: q?\n\nMore of it.", "\n\n", "Step 1: a"],
    ["no options, a lead-in", "Question: q?\n\nMore of it.", "\n\n", "Let's go step by step.\n\nStep 1: a"],
    ["no response", "Question: q?\n\nMore of it.", "", ""],
    ["options in the response", "Question: q?", "\n\n", "Step 1: a\nOptions: none\n\nStep 2: b"],
  ])("%s", (_, question, gap, response) => {
    expect(splitQuestion(question + gap + response)).toEqual({ question, response });
  });
});

test("normaliseQuestion ignores heading, case, spacing and width of letters", () => {
  const same = ["### Question:\nQuestion: How  many\tｃm?", "how many cm?", " HOW MANY CM? "];
  expect(new Set(same.map(normaliseQuestion))).toEqual(new Set(["how many cm?"]));
  expect(normaliseQuestion("How many m?")).not.toBe(normaliseQuestion("How many cm?"));
});

test("promptText joins question and steps by blank lines; without a response it is the question", () => {
  expect(promptText({ question: "q", steps: ["Step 1: a", "Step 2: b"] })).toBe("q\n\nStep 1: a\n\nStep 2: b");
  expect(promptText({ question: "q", steps: [""] })).toBe("q");
});

test.each<[string, string | undefined]>([
  ["Final answer: B", "B"],
  ["**Final Answer:** (C) 3 cm", "C"],
  ["Answer: 42.", "42"],
  ["So the answer is ] >", "] >"],
  ["Solution: Choice_D - Oligarchic", "D"],
  ["### Final Answer\n\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"],
  ["(A)", "A"],
  ["The answer is A dog", "A dog"],
  ["We conclude.", undefined],
])("finalAnswer of %j is %j", (step, answer) => {
  expect(finalAnswer(["Step 1: the answer is 7", step])).toBe(answer);
});
