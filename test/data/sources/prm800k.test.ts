import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { convert } from "../../../lib/data/convert.js";
import { importSource } from "../../../lib/data/import.js";
import { loadPools } from "../../../lib/data/solutions.js";
import type { TrainRow } from "../../../lib/data/rowTypes.js";
import { messageOf, scratch } from "../helpers.js";

const { folder, write } = scratch();
const said = (text: string, rating: number | null = 1) => ({ text, rating, flagged: false });
const chosen = (index: number | null, ...completions: object[]) => ({
  completions,
  human_completion: null,
  chosen_completion: index,
});

const solved = {
  labeler: "l",
  generation: null,
  question: { problem: "What is 6 * 7?", ground_truth_answer: "42" },
  label: {
    steps: [
      chosen(1, said("It is 6 + 7.", -1), said("Multiply.", 0)),
      { ...chosen(null, said("6 * 7 = 41.", -1)), human_completion: { text: "6 * 7 = 42.", rating: null } },
      chosen(0, said("# Answer\n\n42")),
    ],
    finish_reason: "solution",
  },
};
const wrong = {
  labeler: "l",
  generation: 2,
  question: {
    problem: "What is 6 * 7?",
    ground_truth_answer: "42",
    pre_generated_steps: ["Multiply.", "6 * 7 = 48.", "# Answer\n\n48"],
  },
  label: {
    steps: [chosen(0, said("Multiply.")), chosen(null, said("6 * 7 = 48.", -1), said("6 * 7 is 42."))],
    finish_reason: "found_error",
  },
};
const options = { quiet: true, outcome: "every-step" } as const;

test("the chosen path, human steps, and every other completion as a branch", async () => {
  const { solutions, sources } = await importSource([write("phase1.jsonl", [solved])], options);
  expect(sources[0]).toMatchObject({ format: "PRM800K", evidence: { step: 3 }, outcomes: { stated: 1, derived: 2 } });
  expect(solutions.map(({ steps }) => steps)).toEqual([
    ["Multiply.", "6 * 7 = 42.", "# Answer\n\n42"],
    ["It is 6 + 7."],
    ["Multiply.", "6 * 7 = 41."],
  ]);
  expect(solutions.map(({ stepLabels }) => stepLabels)).toEqual([[null, null, 1], [0], [null, 0]]);
  expect(solutions.map(({ correct, sharedSteps }) => [correct, sharedSteps])).toEqual([
    [true, undefined],
    [false, 0],
    [false, 1],
  ]);
  expect(solutions[0]).toMatchObject({ id: "phase1-0", answer: "42", domain: "phase1" });
});

test("neutral steps are what the option says", async () => {
  const file = write("phase1.jsonl", [solved]);
  for (const [neutral, label] of [
    ["right", 1],
    ["wrong", 0],
  ] as const) {
    const { solutions, derivation } = await importSource([file], { ...options, neutral });
    expect(solutions[0].stepLabels).toEqual([label, null, 1]);
    expect(derivation.neutral).toBe(neutral);
  }
});

test("a solution written in advance goes to its end, unlabelled after the first error", async () => {
  const { solutions } = await importSource([write("phase2.jsonl", [wrong])], { quiet: true, outcome: "answer" });
  expect(solutions).toHaveLength(1);
  expect(solutions[0]).toMatchObject({ stepLabels: [1, 0, null], answer: "48", correct: false, outcomeDerived: true });
  const { solutions: both } = await importSource([write("phase2.jsonl", [wrong])], options);
  expect(both[1]).toMatchObject({ steps: ["Multiply.", "6 * 7 is 42."], stepLabels: [1, 1], sharedSteps: 1 });
});

test("the alternatives of a question are one pool", async () => {
  const out = `${folder}/pools.jsonl`;
  const { notes } = await convert([write("phase2.jsonl", [solved, wrong])], { ...options, out, to: "pool" });
  const [pool, ...others] = await loadPools(out, { quiet: true });
  expect(others).toEqual([]);
  expect(notes).toEqual([]);
  expect(pool.candidates.map(({ correct }) => correct)).toEqual([true, false, false, false, true]);
  expect(pool.candidates[3]).toMatchObject({ steps: wrong.question.pre_generated_steps, stepLabels: [1, 0, null] });
});

test("training rows: each labelled step once, though branches share their beginning; no outcome is needed", async () => {
  const out = `${folder}/train.json`;
  const { labels } = await convert([write("phase2.jsonl", [wrong])], { out, to: "train", quiet: true });
  expect(labels).toEqual({ outcome: 0, steps: 2 });
  const rows = JSON.parse(readFileSync(out, "utf8")) as TrainRow[];
  expect(rows.map(({ sid, accuracy, step_label }) => [sid, accuracy, step_label])).toEqual([
    [1, 1, 1],
    [2, 0, 0],
    [2, 1, 1],
  ]);
});

test("without a stated outcome a meta set is refused, with the remedy", async () => {
  const message = await messageOf(importSource([write("phase2.jsonl", [wrong])], { quiet: true }));
  expect(message).toMatch(/phase2\.jsonl: PRM800K does not say whether the answer of solution phase2-0 is right/);
  expect(message).toContain("--outcome");
});

test("broken problems are left out and counted; bad ratings and choices are refused", async () => {
  const broken = { ...solved, label: { ...solved.label, finish_reason: "bad_problem" } };
  const { solutions, notes } = await importSource([write("phase1.jsonl", [broken, solved])], options);
  expect(solutions).toHaveLength(3);
  expect(notes).toEqual([expect.stringContaining("1 row(s) left out, since their problem was reported as broken")]);
  const bad = {
    ...solved,
    label: { steps: [chosen(1, said("a")), chosen(0, said("b", 2))], finish_reason: "give_up" },
  };
  const message = await messageOf(importSource([write("phase1.jsonl", [bad])], options));
  expect(message).toContain("label.steps.0.chosen_completion: 1; expected smaller than the number of completions");
  expect(message).toContain("label.steps.1.completions.0.rating: 2; expected -1, 0, 1 or null");
});
