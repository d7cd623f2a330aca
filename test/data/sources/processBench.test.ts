import { expect, test } from "vitest";
import { importSource } from "../../../lib/data/import.js";
import { loadPools } from "../../../lib/data/solutions.js";
import { scratch } from "../helpers.js";

const { write } = scratch();
const row = {
  id: "sums-0",
  generator: "model-a",
  problem: "What is 9 - 5?",
  steps: ["9 - 5 = 3.", "So \\boxed{3}."],
  final_answer_correct: false,
  label: 0,
};

test("label is the first wrong step, -1 none; the domain is the file's name", async () => {
  const clean = { ...row, id: "sums-1", generator: "model-b", label: -1, final_answer_correct: true };
  const file = write("sums.json", [row, clean]);
  const { solutions, sources } = await importSource([file], { quiet: true });
  expect(sources[0]).toMatchObject({ evidence: { "first-error": 2 }, outcomes: { stated: 2 } });
  expect(solutions[0]).toEqual({
    id: "sums-0",
    questionId: solutions[1].questionId,
    question: row.problem,
    steps: row.steps,
    domain: "sums",
    generator: "model-a",
    answer: "3",
    correct: false,
    stepLabels: [0, 0],
  });
  expect(solutions[1]).toMatchObject({ stepLabels: [1, 1], correct: true });
  const pools = await loadPools(file, { quiet: true });
  expect(pools.map(({ candidates }) => candidates.length)).toEqual([2]);
  const later = await importSource([file], { quiet: true, afterError: "unlabelled", domain: "own" });
  expect(later.solutions[0]).toMatchObject({ stepLabels: [0, null], domain: "own" });
  expect(later.derivation).toEqual({ afterError: "unlabelled", neutral: "unlabelled", outcome: "refused" });
});

test("a label beyond the steps is refused", async () => {
  await expect(importSource([write("sums.jsonl", [{ ...row, label: 2 }])], { quiet: true })).rejects.toThrow(
    'row 0 (id "sums-0"), label: 2; expected smaller than the number of steps',
  );
});
