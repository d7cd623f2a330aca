import { expect, test } from "vitest";
import { convert } from "../../../lib/data/convert.js";
import { importSource } from "../../../lib/data/import.js";
import { loadPools } from "../../../lib/data/solutions.js";
import { messageOf, scratch } from "../helpers.js";

const { folder, write } = scratch();
const row = {
  question: "Tea costs 3 and milk 4. What do two of each cost?",
  ground_truth: "Both cost 3 + 4 = <<3+4=7>>7.\nTwo cost 7 * 2 = <<7*2=14>>14.\nA: 14",
  "6b_finetuning": { is_correct: false, solution: "3 + 4 = <<3+4=7>>7\n\nA: 7" },
  "175b_verification": { is_correct: true, solution: "3 * 2 + 4 * 2 = <<3*2+4*2=14>>14\nA: 14\n" },
};

test("one solution per generator, lines are steps, annotations are taken out", async () => {
  const { solutions, sources } = await importSource([write("solutions.jsonl", [row])], { quiet: true });
  expect(sources[0]).toMatchObject({
    format: "GSM8K example model solutions",
    evidence: { outcome: 2 },
    outcomes: { stated: 2, derived: 0, unknown: 0 },
  });
  expect(solutions[0]).toEqual({
    id: "solutions-0-6b_finetuning",
    questionId: solutions[1].questionId,
    question: row.question,
    steps: ["3 + 4 = 7", "A: 7"],
    domain: "solutions",
    generator: "6b_finetuning",
    answer: "7",
    correct: false,
  });
  expect(solutions[1]).toMatchObject({ generator: "175b_verification", answer: "14", correct: true });
});

test("the solutions of a question are a pool, which loads with all that was known", async () => {
  const other = { ...row, question: "And three of each?" };
  const file = write("solutions.jsonl", [row, other]);
  const out = `${folder}/pools.json`;
  await convert([file], { out, to: "pool", quiet: true });
  const pools = await loadPools(out, { quiet: true });
  expect(pools.map(({ question, domain, candidates }) => [question, domain, candidates.length])).toEqual([
    [row.question, "solutions", 2],
    [other.question, "solutions", 2],
  ]);
  const { solutions } = await importSource([file], { quiet: true });
  const known = ({ id: _, ...rest }: (typeof solutions)[number]) => rest;
  expect(pools.flatMap(({ candidates }) => candidates.map(known))).toEqual(solutions.map(known));
});

test("steps' own labels are refused, since there are only outcomes", async () => {
  const file = write("solutions.jsonl", [row]);
  const out = `${folder}/train.json`;
  const message = await messageOf(convert([file], { out, to: "train", labels: "steps", quiet: true }));
  expect(message).toContain('none of 2 solutions has step labels; use labels: "outcome"');
  const { labels } = await convert([file], { out, to: "train", quiet: true });
  expect(labels).toEqual({ outcome: 2, steps: 0 });
});

test("a generator's value that does not fit is refused", async () => {
  const bad = { ...row, "6b_finetuning": { solution: "x", is_correct: "yes" }, "6b_verification": "x" };
  const message = await messageOf(importSource([write("solutions.jsonl", [bad])], { quiet: true }));
  expect(message).toContain('row 0, 6b_finetuning.is_correct: "yes"; expected true or false');
  expect(message).toContain('row 0, 6b_verification: "x"; expected an object { solution, is_correct }');
});
