import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../../lib/data/convert.js";
import { importSource } from "../../../lib/data/import.js";
import type { TrainRow } from "../../../lib/data/rowTypes.js";
import { messageOf, scratch } from "../helpers.js";

const { folder, write } = scratch();

const scored = {
  image: "images/a.png",
  question: "Answer step by step. How many dots are there?",
  question_orig: "How many dots are there?",
  answer: 5,
  response: "Two rows.\n\nFinal answer: 5",
  steps_with_score: [
    { step: "Two rows.", score: 0.9375, num_mc_sequences: 16 },
    { step: "Final answer: 5", score: 1 },
  ],
};
const marked = {
  image: ["images/b.png", "images/c.png"],
  question: "What does the sign say?",
  answer: "Stop",
  response: { steps: ["A sign.", "Red.", "Final answer: go"], process_correctness: [1, 0, -1] },
  policy_model: "model-a",
  data_source: "Signs",
};

test("VisualPRM400K raw: scores are shares, question_orig goes first, the answer is the reference", async () => {
  const file = write("scored.jsonl", [scored, { ...scored, question_orig: undefined, answer: "6" }]);
  const { solutions, sources } = await importSource([file], { quiet: true, outcome: "answer" });
  expect(sources[0]).toMatchObject({ format: "VisualPRM400K raw", evidence: { share: 2 } });
  expect(solutions[0]).toMatchObject({
    question: "How many dots are there?",
    image: path.join(folder, "images/a.png"),
    steps: ["Two rows.", "Final answer: 5"],
    stepShares: [0.9375, 1],
    correct: true,
    outcomeDerived: true,
    domain: "scored",
  });
  expect(solutions[1]).toMatchObject({ question: scored.question, correct: false });
  const out = path.join(folder, "train.json");
  await convert([file], { out, to: "train", quiet: true });
  const rows = JSON.parse(readFileSync(out, "utf8")) as TrainRow[];
  expect(rows.map(({ accuracy, image_path }) => [accuracy, image_path])).toEqual([
    [0.9375, "images/a.png"],
    [1, "images/a.png"],
    [0.9375, "images/a.png"],
    [1, "images/a.png"],
  ]);
});

test("VisualProcessBench: 1, 0 and -1, first image, domain by data_source", async () => {
  const file = write("marked.jsonl", [marked]);
  const { solutions, sources, notes } = await importSource([file], { quiet: true, outcome: "last-step" });
  expect(sources[0]).toMatchObject({ format: "VisualProcessBench", evidence: { step: 1 } });
  expect(solutions[0]).toMatchObject({
    image: path.join(folder, "images/b.png"),
    stepLabels: [1, null, 0],
    correct: false,
    domain: "Signs",
    generator: "model-a",
    answer: "go",
  });
  expect(notes).toEqual([expect.stringContaining("1 row(s) with several images, of which only the first is kept")]);
});

test("what does not fit is refused", async () => {
  const options = { quiet: true, outcome: "last-step" } as const;
  const scores = [
    { ...scored, question: undefined, question_orig: undefined },
    { ...scored, steps_with_score: [{ step: "a", score: 2 }] },
  ];
  const first = await messageOf(importSource([write("scored.jsonl", [scored, ...scores])], options));
  expect(first).toContain("row 1, question: missing; expected a question in question_orig or question");
  expect(first).toContain("row 2, steps_with_score.0.score: 2; expected a number in [0, 1]");
  const marks = [
    { ...marked, response: { steps: ["a"], process_correctness: [1, 1] } },
    { ...marked, response: { steps: ["a"], process_correctness: [0.5] } },
  ];
  const second = await messageOf(importSource([write("marked.jsonl", marks)], options));
  expect(second).toContain("row 0, response.process_correctness: [1,1]; expected as many as response.steps");
  expect(second).toContain("row 1, response.process_correctness.0: 0.5; expected 1, 0 or -1");
});
