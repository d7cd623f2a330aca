import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { hasSteps, joinSteps, splitSteps } from "../../lib/text/steps.js";

const fence = "```python\n# 1. read\n\n# 2. write\nStep 2: not a step\n```";

const cases: Record<string, [text: string, steps: string[]]> = {
  'headings "Step N:"': ["Step 1: a\nStep 2: b\nStep 3: c", ["Step 1: a", "Step 2: b", "Step 3: c"]],
  'headings "Step N" on a line of their own': ["Step 1\na\nStep 2\nb", ["Step 1\na", "Step 2\nb"]],
  'headings "### Step N:" after a lead-in': [
    "Let's go:\n\n### Step 1: a\nx\n\n### Step 2: b",
    ["Let's go:\n\n### Step 1: a\nx", "### Step 2: b"],
  ],
  'headings "**Step N**", "**Step N:** text"': ["**Step 1**\na\n**Step 2:** b", ["**Step 1**\na", "**Step 2:** b"]],
  "headings without a colon": ["Step 1 Restate it\nStep 2 Solve it", ["Step 1 Restate it", "Step 2 Solve it"]],
  '"step 100" in prose': [
    "Step 1: climb\nstep 100 of the stairs\nStep 2: stop at\nStep 100.",
    ["Step 1: climb\nstep 100 of the stairs", "Step 2: stop at\nStep 100."],
  ],
  'prose that starts a line with "Step 2"': [
    "Step 1: a\nStep 2 follows from it\nStep 2: b",
    ["Step 1: a\nStep 2 follows from it", "Step 2: b"],
  ],
  '"Step 1" is not "Step 10"': [
    Array.from({ length: 11 }, (_, i) => `Step ${i + 1}: s${i + 1}`).join("\n"),
    Array.from({ length: 11 }, (_, i) => `Step ${i + 1}: s${i + 1}`),
  ],
  "numbering that does not run 1, 2, 3": ["Step 1: a\nStep 3: c\nStep 2: b", ["Step 1: a\nStep 3: c", "Step 2: b"]],
  "no numbering from 1": ["Step 10: a\nStep 11: b", ["Step 10: a\nStep 11: b"]],
  "numbering that starts again": ["Step 1: a\nStep 2: b\nStep 1: c", ["Step 1: a", "Step 2: b\nStep 1: c"]],
  "sub-steps": ["Step 1: a\nStep 1.1: x\nStep 2: b", ["Step 1: a\nStep 1.1: x", "Step 2: b"]],
  "a final answer is a step": [
    "Step 1: a\n\nStep 2: b\n\nFinal answer: B",
    ["Step 1: a", "Step 2: b", "Final answer: B"],
  ],
  "no final answer": ["Step 1: a\n\nStep 2: the last", ["Step 1: a", "Step 2: the last"]],
  "an answer inside a step": ["Step 1: a\nAnswer: 3?\nStep 2: no", ["Step 1: a\nAnswer: 3?", "Step 2: no"]],
  "a heading for the answer": ["1. a\n2. b\n\n### Final Answer\n\n42", ["1. a", "2. b", "### Final Answer\n\n42"]],
  "one line of solution at the end": ["Step 1: a\nSolution: Choice_D", ["Step 1: a", "Solution: Choice_D"]],
  "an answer alone": ["Answer: 5", ["Answer: 5"]],
  'list "1."': ["1. a\n2. b\n\nAnswer: c", ["1. a", "2. b", "Answer: c"]],
  'list "1)" with paragraphs': ["1) a\n\nmore\n\n2) b", ["1) a\n\nmore", "2) b"]],
  'list "(1)" after a lead-in': ["We do:\n\n(1) a\n(2) b", ["We do:\n\n(1) a", "(2) b"]],
  "list in bold": ["**1. A**\nx\n**2. B**\ny", ["**1. A**\nx", "**2. B**\ny"]],
  "nested list": ["1. a\n   1. x\n   2. y\n2. b", ["1. a\n   1. x\n   2. y", "2. b"]],
  "nested list of another style": ["1. a\n1) x\n2) y\n2. b", ["1. a\n1) x\n2) y", "2. b"]],
  "a list far down is part of a block": ["a\n\nb\n\n1. x\n2. y", ["a", "b", "1. x\n2. y"]],
  decimals: ["It is\n3.14 and\n1.5 and\n2.5", ["It is\n3.14 and\n1.5 and\n2.5"]],
  years: ["In\n1999. Then\n2000. End", ["In\n1999. Then\n2000. End"]],
  '"2. " inside a paragraph': ["We get 2. Then 1. and 2. again", ["We get 2. Then 1. and 2. again"]],
  "blocks between blank lines": ["a\nb\n\n \nc\n\n\nd", ["a\nb", "c", "d"]],
  "code with blank lines": [`a\n\n${fence}\n\nb`, ["a", fence, "b"]],
  "code that is cut off": ["a\n\n```\nx\n\ny", ["a", "```\nx\n\ny"]],
  "inline (1) (2)": ["We know: (1) a is 2. (2) b is 3.", ["We know: (1) a is 2.", "(2) b is 3."]],
  "inline clauses are not steps": ["It has (1) a head, (2) a tail.", ["It has (1) a head, (2) a tail."]],
  "inline numbering that breaks": ["(1) a. (3) b. (2) c.", ["(1) a. (3) b. (2) c."]],
  "inline Step 1: Step 2:": ["Step 1: a. Step 2: b.", ["Step 1: a. Step 2: b."]],
  "inline ordinals": ["First, a. Second, b.\nAnswer: c", ["First, a.", "Second, b.", "Answer: c"]],
  "a lone ordinal": ["First, a. Then b.", ["First, a. Then b."]],
  "no steps": ["just text", ["just text"]],
  "white space around": ["\n\n  just text \n", ["  just text"]],
  "Windows line ends": ["Step 1: a\r\nStep 2: b\r\n", ["Step 1: a", "Step 2: b"]],
  nothing: [" \n", [""]],
};

describe("splitSteps", () => {
  test.each(Object.entries(cases))("%s", (_, [text, steps]) => {
    expect(splitSteps(text)).toEqual(steps);
    expect(splitSteps(joinSteps(steps))).toEqual(steps);
  });

  test("3,000 random texts: nothing but white space is lost, and joined steps are split the same", () => {
    const rng = random(7);
    const pieces = ["Step 1: ", "Step 2: ", "Step 3", "### Step 1", "**Step 2**", "1. ", "2. ", "3) ", "(1) ", "(2) "];
    const prose = [
      "First, ",
      "Second, ",
      "a",
      "b is 3.14.",
      "step 100",
      "c: ",
      "2. ",
      "Answer: ",
      "Final answer: 7",
      "```",
    ];
    const gaps = ["\n", "\n", "\n\n", " ", ". ", "\n   ", "\r\n", "\n\n\n"];
    for (let n = 0; n < 3000; n++) {
      const text = Array.from(
        { length: 1 + rng.integer(12) },
        () => rng.pick([...pieces, ...prose]) + rng.pick(gaps),
      ).join("");
      const steps = splitSteps(text);
      expect(steps.join("").replace(/\s/g, ""), text).toBe(text.replace(/\s/g, ""));
      expect(splitSteps(joinSteps(steps)), JSON.stringify(text)).toEqual(steps);
    }
  });

  test("every prefix of headed steps splits into its own steps", () => {
    const steps = ["Step 1: a\n\nx", "Step 2: b", "Step 3: c", "Final answer: d"];
    steps.forEach((_, i) => expect(splitSteps(joinSteps(steps.slice(0, i + 1)))).toEqual(steps.slice(0, i + 1)));
  });
});

describe("hasSteps", () => {
  test.each(["Step 1: a", "x\n### Step 1 \ny", "1. a\n2. b", "First, a. Second, b."])("%j has", (text) => {
    expect(hasSteps(text)).toBe(true);
  });

  test.each(["", "a\n\nb", "1. a", "step 100", "Final answer: B", "Step 7: x"])("%j has not", (text) => {
    expect(hasSteps(text)).toBe(false);
  });

  const meta = "../shared/data/dreamprm/meta.json";
  test.skipIf(!existsSync(meta))(
    "372 of the 500 published DreamPRM meta rows have none (skipped without that file)",
    () => {
      const rows = JSON.parse(readFileSync(meta, "utf8")) as { input: string }[];
      expect(rows.filter(({ input }) => !hasSteps(input))).toHaveLength(372);
    },
  );
});
