import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { importSource } from "../../lib/data/import.js";
import { loadMetaSet } from "../../lib/data/solutions.js";
import { toTrainRows } from "../../lib/data/rows.js";
import { scratch } from "./helpers.js";

const { folder, write } = scratch();
const quiet = { quiet: true };

const physics = {
  Question_UUID: "u",
  Subject: "college_physics",
  Question: "How long?",
  Options: "A: 1 s \nB: 2 s ",
  Sampled_Model: "m1",
  Model_Solution_Steps: ["Step 1: a", "more", "", "Step 2: b", "Step 3: c", "Solution: Choice_B"],
  Model_Solution_Correctness: "incorrect",
  Model_Solution_First_Error_Step: "2",
};

describe("MR-Ben", () => {
  test("lines are put under their headings, which the first error counts", async () => {
    const right = { ...physics, Model_Solution_Correctness: "correct", Model_Solution_First_Error_Step: "N/A" };
    const file = write("physics.json", { q1: [physics, { ...right, Sampled_Model: "m2" }] });
    const { solutions, sources, notes } = await importSource([file], quiet);
    expect(solutions[0]).toEqual({
      id: "q1-m1",
      questionId: "q1",
      question: "How long?\nOptions:\nA: 1 s \nB: 2 s",
      steps: ["Step 1: a\nmore", "Step 2: b", "Step 3: c", "Solution: Choice_B"],
      stepLabels: [1, 0, 0, 0],
      domain: "physics",
      correct: false,
      generator: "m1",
      answer: "B",
    });
    expect(solutions[1]).toMatchObject({ id: "q1-m2", correct: true, stepLabels: [1, 1, 1, 1] });
    expect([sources[0].format, sources[0].rows, notes]).toEqual(["MR-Ben", 2, []]);
  });

  test("steps after the first error are unlabelled on demand", async () => {
    const { solutions } = await importSource([write("physics.json", { q1: [physics] })], {
      quiet: true,
      afterError: "unlabelled",
    });
    expect(solutions[0].stepLabels).toEqual([1, 0, null, null]);
    expect(toTrainRows(solutions, { labels: "steps" }).map(({ sid, accuracy }) => [sid, accuracy])).toEqual([
      [1, 1],
      [2, 0],
    ]);
  });

  test("the solution's line can be the first error; a number beyond it leaves the solution unlabelled", async () => {
    const rows = ["4", "5"].map((n) => ({ ...physics, Model_Solution_First_Error_Step: n }));
    const { solutions, notes } = await importSource([write("physics.json", { q1: rows })], quiet);
    expect(solutions.map(({ stepLabels }) => stepLabels)).toEqual([[1, 1, 1, 0], undefined]);
    expect(notes).toEqual([expect.stringMatching(/physics\.json: 1 solution\(s\) without step labels/)]);
  });

  test("coding: lines are steps, the first error is the text of a line", async () => {
    const code = "def f(x):\n    if x:\n        return 1\n\n    return 2\n        return 1\n    pass";
    const row = { ...physics, Options: undefined, Model_Solution_Steps: code };
    const rows = ["    return 2", "pass", "        return 1", "x = 1"].map((line) => ({
      ...row,
      Model_Solution_First_Error_Step: line,
    }));
    const { solutions } = await importSource([write("coding.json", { q1: rows })], quiet);
    expect(solutions[0].steps).toEqual(code.split("\n").filter((line) => line !== ""));
    expect(solutions.map(({ stepLabels }) => stepLabels?.indexOf(0))).toEqual([3, 5, undefined, undefined]);
    expect(solutions[0].question).toBe("How long?");
  });
});

describe("BIG-Bench-Mistake", () => {
  const row = {
    input: "sort b a",
    steps: ["first", " ", "then", "so a b"],
    target: "a b",
    answer: " a b",
    mistake_index: 2,
  };

  test("first-error labels by index, blank steps left out, outcome by the answer", async () => {
    const wrong = { ...row, input: "sort d c", answer: null, mistake_index: null };
    const { solutions } = await importSource([write("word_sorting.jsonl", [row, wrong])], quiet);
    expect(solutions[0]).toMatchObject({
      id: "word_sorting-0",
      question: "sort b a",
      steps: ["first", "then", "so a b"],
      stepLabels: [1, 0, 0],
      domain: "word_sorting",
      correct: true,
      answer: "a b",
    });
    expect(solutions[1]).toMatchObject({ stepLabels: [1, 1, 1], correct: false });
    expect(solutions[1].answer).toBeUndefined();
    expect(solutions[0].questionId).not.toBe(solutions[1].questionId);
  });

  test("refuses an index beyond the steps", async () => {
    const file = write("word_sorting.jsonl", [row, { ...row, mistake_index: 4 }]);
    await expect(importSource([file], quiet)).rejects.toThrow(
      "row 1, mistake_index: 4; expected smaller than the number of steps",
    );
  });
});

describe("recognition", () => {
  test("an unknown file lists what was looked for", async () => {
    const file = write("unknown.json", [{ prompt: "x", completions: [] }]);
    await expect(importSource([file], quiet)).rejects.toThrow(
      /unknown\.json: unknown format; its first record has prompt, completions\. Looked for\n {2}DreamPRM meta: input, true_false\n(.*\n)* {2}BIG-Bench-Mistake: input, steps, mistake_index/,
    );
  });

  test("an ambiguous file is refused", async () => {
    const file = write("both.json", [{ input: "x", true_false: true, conversations: [] }]);
    await expect(loadMetaSet(file, quiet)).rejects.toThrow(/may be DreamPRM meta or DreamPRM-1\.5 conversations/);
  });

  test("a folder is read file by file; one without data is refused", async () => {
    await expect(importSource([path.join(folder, "nothing")], quiet)).rejects.toThrow("no such file");
    const own = path.join(folder, "own");
    mkdirSync(own);
    await expect(importSource([own], quiet)).rejects.toThrow("no .json, .jsonl, .parquet or .gz file in this folder");
    write("own/b.json", { q1: [physics] });
    write("own/a.jsonl", [{ problem: "p", steps: ["x"], final_answer_correct: true, label: -1, domain: "d" }]);
    const { solutions } = await importSource([own], quiet);
    expect(solutions.map(({ domain }) => domain)).toEqual(["d", "b"]);
  });
});

const shared = "../shared/data";
test.skipIf(!existsSync(shared))("published files: label noise of outcome labels (skipped without them)", async () => {
  const { solutions } = await importSource([`${shared}/mrben`, `${shared}/big-bench-mistake`], quiet);
  expect(solutions.length).toBe(4534 + 2186);
  const noise = (domain: string) => {
    const own = solutions.filter((solution) => solution.domain === domain);
    const wrong = own.flatMap(({ stepLabels = [], correct }) => stepLabels.map((label) => label !== Number(correct)));
    return (100 * wrong.filter(Boolean).length) / wrong.length;
  };
  const expected = {
    dyck_languages: 34.5,
    logical_deduction: 30.8,
    multistep_arithmetic: 45.0,
    tracking_shuffled_objects: 44.4,
    word_sorting: 31.8,
  };
  for (const [domain, percent] of Object.entries(expected)) expect(noise(domain)).toBeCloseTo(percent, 1);
  const order = ["biology", "physics", "chemistry", "math", "medicine"].map(noise);
  expect(order).toEqual([...order].sort((a, b) => a - b));
});
