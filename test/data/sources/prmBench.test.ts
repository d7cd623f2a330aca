import { expect, test } from "vitest";
import { importSource } from "../../../lib/data/import.js";
import { messageOf, scratch } from "../helpers.js";

const { write } = scratch();
const row = {
  idx: "circular_1",
  original_question: "What is 2 + 3 + 4?",
  modified_question: "What is 2 + 3 + 4?",
  original_process: ["1. 2 + 3 = 5.", "2. 5 + 4 = 9."],
  modified_process: ["1. 2 + 3 = 6.", "2. Check it.", "3. 6 + 4 = 9."],
  modified_steps: [1],
  error_steps: [1, 3],
  reason: "the sum is wrong",
  classification: "counting",
};
const read = (rows: unknown[]) =>
  importSource([write("prm_bench.jsonl", rows)], { quiet: true, outcome: "every-step" });

test("the original is right throughout, the modified is wrong at error_steps, from 1", async () => {
  const { solutions, sources } = await read([row]);
  expect(sources[0]).toMatchObject({ format: "PRMBench", evidence: { step: 2 }, outcomes: { derived: 2 } });
  expect(solutions).toEqual([
    {
      id: "circular_1-original",
      questionId: solutions[1].questionId,
      question: "What is 2 + 3 + 4?",
      steps: row.original_process,
      domain: "counting",
      correct: true,
      outcomeDerived: true,
      stepLabels: [1, 1],
    },
    expect.objectContaining({ id: "circular_1", stepLabels: [0, 1, 0], correct: false }),
  ]);
});

test("an original that several rows share is there once, and counted", async () => {
  const { solutions, notes } = await read([row, { ...row, idx: "other", classification: "deception" }]);
  expect(solutions.map(({ id, domain }) => [id, domain])).toEqual([
    ["circular_1-original", "counting"],
    ["circular_1", "counting"],
    ["other", "deception"],
  ]);
  expect(notes).toEqual([expect.stringMatching(/prm_bench\.jsonl: 1 original solution\(s\) left out/)]);
});

test("step numbers that do not fit are refused", async () => {
  const message = await messageOf(read([row, { ...row, error_steps: [4] }, { ...row, error_steps: [0] }]));
  expect(message).toContain("row 1, error_steps: [4]; expected numbers of steps of modified_process");
  expect(message).toContain("row 2, error_steps.0: 0; expected a step number, from 1");
});
