import { expect, test } from "vitest";
import { formatInspection, inspectFile } from "../../lib/data/inspect.js";
import { scratch } from "./helpers.js";

const { write } = scratch();

test("a training file: counts, mean accuracy, label noise per domain", async () => {
  const row = { input: "q?", add: "Step 1: a", image_path: "", dataset: "d", accuracy: 0.75 };
  const rows = [
    { ...row, step_label: 1 },
    { ...row, step_label: 0, add: "Step 1: a\n\nStep 2: b" },
    { ...row, dataset: "e", accuracy: 0, add: "no marks" },
  ];
  const inspection = await inspectFile(write("train.json", rows));
  expect(inspection).toMatchObject({
    format: "DreamPRM train",
    rows: 3,
    questions: 1,
    total: { rows: 3, right: 0.5, rightSteps: 0.5, labelNoise: 0.5 },
    domains: [
      { domain: "d", rows: 2, right: 0.75, rightSteps: 0.5, labelNoise: 0.5 },
      { domain: "e", rows: 1, right: 0 },
    ],
    steps: [
      { steps: 1, rows: 2 },
      { steps: 2, rows: 1 },
    ],
    withoutSteps: 1,
    example: { id: "row 1" },
  });
  const text = formatInspection(inspection);
  expect(text).toContain("DreamPRM train, 3 rows of 1 questions");
  expect(text).toMatch(/^d +2 +75\.0 % +50\.0 % +50\.0 %$/m);
  expect(text).toMatch(/^e +1 +0\.0 % +– +–$/m);
  expect(text).toContain("[2] Step 2: b  (accuracy 0.75)");
});

test("solutions and candidates", async () => {
  const solution = { problem: "p", steps: ["a", "b"], final_answer_correct: true, label: 1 };
  const solutions = await inspectFile(write("evaluation.jsonl", [solution]));
  expect(solutions).toMatchObject({ format: "evaluation (ProcessBench layout)", total: { right: 1, rightSteps: 0.5 } });
  expect(formatInspection(solutions)).toContain("[2] b  (wrong)");
  const pool = { question: "q", candidates: ["Step 1: a", "b"], true_false: [true, false] };
  const candidates = await inspectFile(write("test.json", [pool]));
  expect(candidates).toMatchObject({
    format: "DreamPRM-1.5 candidates",
    rows: 2,
    total: { right: 0.5 },
    withoutSteps: 1,
  });
});

test("an unknown file lists what was looked for", async () => {
  await expect(inspectFile(write("unknown.json", [{ a: 1 }]))).rejects.toThrow(
    /Looked for\n {2}DreamPRM train: input, add, accuracy/,
  );
});
