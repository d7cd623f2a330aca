import path from "node:path";
import { expect, test } from "vitest";
import { loadTrainSet } from "../../lib/data/dreamprm.js";
import { toEvaluationRows, toMetaRows, toTrainRows } from "../../lib/data/rows.js";
import { loadMetaSet } from "../../lib/data/solutions.js";
import type { Solution } from "../../lib/data/types.js";
import { scratch } from "./helpers.js";

const { folder, write } = scratch();
const quiet = { quiet: true };

const plain: Solution = {
  id: "s1",
  questionId: "q1",
  question: "Question: q?\nOptions: (A) x (B) y",
  steps: ["Step 1: a", "Step 2: b", "Final answer: B"],
  stepLabels: [1, 0, 0],
  domain: "d",
  correct: false,
  generator: "m",
  answer: "B",
};
const odd: Solution = {
  id: "s2",
  questionId: "q2",
  question: "two\n\nparagraphs",
  steps: ["x\n\ny", "1. z\n2. w", "end"],
  stepLabels: [1, 0, 1],
  domain: "e",
  correct: true,
};
const empty: Solution = { id: "s3", questionId: "q3", question: "no\n\nStep 1: of mine", steps: [""], correct: false };

test("one training row per step, with the solution's outcome or the step's own label", async () => {
  const rows = toTrainRows([plain, odd], { labels: "outcome" });
  expect(rows[1]).toEqual({
    id: "s1",
    sid: 2,
    input: plain.question,
    add: "Step 1: a\n\nStep 2: b",
    image_path: "",
    dataset: "d",
    accuracy: 0,
    question_id: "q1",
    step_label: 0,
  });
  expect(rows.map(({ accuracy }) => accuracy)).toEqual([0, 0, 0, 1, 1, 1]);
  expect(rows.filter(({ step_starts }) => step_starts !== undefined).map(({ id }) => id)).toEqual(["s2", "s2", "s2"]);
  expect(toTrainRows([plain, odd], { labels: "steps" }).map(({ accuracy }) => accuracy)).toEqual([1, 0, 0, 1, 0, 1]);

  const { samples } = await loadTrainSet(write("train.json", rows), quiet);
  expect(samples.map(({ steps }) => steps)).toEqual(
    [plain, odd].flatMap(({ steps }) => steps.map((_, n) => steps.slice(0, n + 1))),
  );
  expect(samples.map(({ trueLabel }) => trueLabel)).toEqual([1, 0, 0, 1, 0, 1]);
});

test("steps without a label give no row, solutions without any are refused", () => {
  const { stepLabels: _, ...unlabelled } = plain;
  expect(toTrainRows([{ ...plain, stepLabels: [1, 0, null] }], { labels: "steps" })).toHaveLength(2);
  expect(() => toTrainRows([unlabelled], { labels: "steps" })).toThrow(
    'none of 1 solutions has step labels; use labels: "outcome"',
  );
  expect(() => toTrainRows([empty], { labels: "outcome" })).toThrow("solution s3 has no domain");
});

test("meta rows come back with question, steps and outcome", async () => {
  const rows = toMetaRows([plain, odd, empty]);
  expect(rows[0]).toEqual({
    id: "s1",
    true_false: false,
    input: "Question: q?\nOptions: (A) x (B) y\n\nStep 1: a\n\nStep 2: b\n\nFinal answer: B",
    image_path: "",
    question_id: "q1",
    dataset: "d",
    generator: "m",
    step_labels: [1, 0, 0],
  });
  const { solutions, withoutSteps } = await loadMetaSet(write("meta.json", rows), quiet);
  const kept = ({ question, steps, correct, questionId, stepLabels }: Solution) => ({
    ...{ question, steps, correct, questionId },
    ...(stepLabels && { stepLabels }),
  });
  expect(solutions.map(kept)).toEqual([plain, odd, empty].map(kept));
  expect(withoutSteps).toBe(1);
});

test("evaluation rows come back whole", async () => {
  const clean: Solution = { ...plain, id: "s4", stepLabels: [1, 1, 1] };
  const rows = toEvaluationRows([plain, odd, empty, clean]);
  expect(rows.map(({ label }) => label)).toEqual([1, 1, undefined, -1]);
  expect(rows.map(({ step_labels }) => step_labels)).toEqual([undefined, [1, 0, 1], undefined, undefined]);
  expect(toEvaluationRows([{ ...plain, stepLabels: [1, null, null] }])[0].label).toBeUndefined();
  const { solutions } = await loadMetaSet(write("evaluation.jsonl", rows), quiet);
  expect(solutions).toEqual([plain, odd, empty, clean]);
});

test("image paths count from the folder of the file", async () => {
  const solution = { ...plain, image: "a/b/1.png" };
  const options = { folder: "a/c" };
  expect(toTrainRows([solution], { labels: "outcome", ...options })[0].image_path).toBe("../b/1.png");
  expect(toMetaRows([solution], options)[0].image_path).toBe("../b/1.png");
  expect(toEvaluationRows([solution], options)[0].image_path).toBe("../b/1.png");
  expect(toEvaluationRows([{ ...plain, image: "https://x/1.png" }], options)[0].image_path).toBe("https://x/1.png");
  const { solutions } = await loadMetaSet(write("meta.json", toMetaRows([solution], { folder })), quiet);
  expect(solutions[0].image).toBe(path.resolve("a/b/1.png"));
});

test("evaluation rows are checked", async () => {
  const row = { problem: "p", steps: ["a"], final_answer_correct: true };
  const rows = [
    { ...row, label: 1 },
    { ...row, label: 0.5 },
    { ...row, step_labels: [1, 1] },
    { ...row, steps: [] },
  ];
  await expect(loadMetaSet(write("bad.jsonl", rows), quiet)).rejects.toThrow(
    [
      "row 0, label: 1; expected smaller than the number of steps",
      "row 1, label: 0.5; expected the index of the first wrong step, or -1",
      "row 2, step_labels: [1,1]; expected one label per step",
      "row 3, steps: []; expected at least one text",
    ].join("\n  "),
  );
});
