import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { convert } from "../../../lib/data/convert.js";
import { importSource } from "../../../lib/data/import.js";
import type { TrainRow } from "../../../lib/data/rowTypes.js";
import { messageOf, scratch } from "../helpers.js";

const { folder, write } = scratch();
const text = (...signs: string[]) =>
  `How far is it? Step 1: 2 - 1 = 1 km. ${signs[0]}\nStep 2: 1 + 1 = 3 km. The answer is: 3 ${signs[1]}`;
const row = { input: text("ки", "ки"), label: text("+", "-"), task: "GSM8K" };
const read = (rows: unknown[], outcome: "last-step" | "every-step" = "last-step") =>
  importSource([write("shepherd.jsonl", rows)], { quiet: true, outcome });

test("tags end steps, the label's signs are theirs, other signs are text", async () => {
  const { solutions, sources } = await read([row]);
  expect(sources[0]).toMatchObject({ format: "Math-Shepherd", evidence: { step: 1 }, outcomes: { derived: 1 } });
  expect(solutions).toEqual([
    {
      id: "shepherd-0",
      questionId: expect.stringMatching(/^q-/) as string,
      question: "How far is it?",
      steps: ["Step 1: 2 - 1 = 1 km.", "Step 2: 1 + 1 = 3 km. The answer is: 3"],
      domain: "GSM8K",
      answer: "3",
      correct: false,
      outcomeDerived: true,
      stepLabels: [1, 0],
      stepLabelsEstimated: true,
    },
  ]);
});

test("estimates are training labels, but no truth", async () => {
  const out = `${folder}/train.json`;
  await convert([write("shepherd.jsonl", [row])], { out, to: "train", quiet: true });
  const rows = JSON.parse(readFileSync(out, "utf8")) as TrainRow[];
  expect(rows.map(({ accuracy, step_label }) => [accuracy, step_label])).toEqual([
    [1, undefined],
    [0, undefined],
  ]);
});

test("a tag in the question is dropped; text after the last tag is a step without a label", async () => {
  const input = "How ки far? Step 1: a ки\nStep 2: b";
  const label = "How + far? Step 1: a -\nStep 2: b";
  const { solutions } = await read([{ input, label, task: "MATH" }], "every-step");
  expect(solutions[0]).toMatchObject({
    question: "How  far?",
    steps: ["Step 1: a", "Step 2: b"],
    stepLabels: [0, null],
  });
});

test("rows without steps are left out and counted; other texts and signs are refused", async () => {
  const { notes } = await read([row, { input: "No steps ки", label: "No steps +", task: "MATH" }]);
  expect(notes).toEqual([expect.stringContaining('1 row(s) left out, since their input has no "Step 1:"')]);
  const message = await messageOf(
    read([
      { ...row, label: text("+", "x") },
      { ...row, label: row.label.replace("far", "long") },
    ]),
  );
  expect(message).toMatch(/shepherd\.jsonl: 2 faults/);
  expect(message).toMatch(/row 0, label: .*; expected \+ or - at character \d+, in place of the tag "ки" of input/);
  expect(message).toMatch(/row 1, label: .*; expected the text of input with \+ or - in place of each "ки"/);
});
