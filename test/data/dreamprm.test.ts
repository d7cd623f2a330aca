import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { loadTrainSet } from "../../lib/data/dreamprm.js";
import { loadMetaSet } from "../../lib/data/solutions.js";
import { messageOf, scratch } from "./helpers.js";

const { folder, write } = scratch();
const minimal = { input: "q?", add: "Step 1: a\n\nStep 2: b", image_path: "x/1.png", dataset: "ai2d", accuracy: 0.5 };
const quiet = { quiet: true };

describe("loadTrainSet", () => {
  test("minimal and full rows", async () => {
    const full = { ...minimal, id: 7, sid: 2, ground_truth: "B", score: 1, times: 3, accuracy: 0.33, image_path: "" };
    const ours = { ...full, dataset: "chartqa", question_id: "q1", step_label: 0 };
    const set = await loadTrainSet(write("train.json", [minimal, full, ours]), quiet);
    expect(set.domains).toEqual(["ai2d", "chartqa"]);
    expect(set.source.rows).toBe(3);
    const [a, b, c] = set.samples;
    expect(a).toEqual({
      id: "row 0",
      questionId: expect.stringMatching(/^q-[0-9a-f]{12}$/) as string,
      question: "q?",
      steps: ["Step 1: a", "Step 2: b"],
      domain: "ai2d",
      target: 0.5,
      image: path.join(folder, "x/1.png"),
    });
    expect(b).toMatchObject({ id: "7-2", target: 0.33, score: 1, times: 3 });
    expect(b.image).toBeUndefined();
    expect(c).toMatchObject({ id: "7-2#2", questionId: "q1", trueLabel: 0 });
    expect(a.questionId).not.toBe(b.questionId); // another image, another question
  });

  test("offsets of steps say where they begin", async () => {
    const row = { ...minimal, add: "x\n\ny\n\nz", step_starts: [0, 6] };
    const [sample] = (await loadTrainSet(write("starts.json", [row]), quiet)).samples;
    expect(sample.steps).toEqual(["x\n\ny", "z"]);
    for (const step_starts of [
      [0, 2],
      [6, 0],
      [0, 99],
    ]) {
      const file = write("starts.json", [{ ...row, step_starts }]);
      await expect(loadTrainSet(file, quiet)).rejects.toThrow(/row 0, step_starts: .*offsets of steps/);
    }
  });

  test("prints one line unless quiet", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const file = write("train.json", [minimal, { ...minimal, accuracy: 1 }]);
    await loadTrainSet(file);
    await loadTrainSet(file, quiet);
    expect(log.mock.calls).toEqual([[`${file}: 2 step prefixes of 1 questions, 1 domain(s), mean accuracy 0.750`]]);
    log.mockRestore();
  });

  test.each<[string, object, RegExp]>([
    ["accuracy above 1", { accuracy: 1.5 }, /row 1 \(id 9\), accuracy: 1\.5; expected a number in \[0, 1\]/],
    ["accuracy below 0", { accuracy: -0.1 }, /accuracy: -0\.1; expected a number in \[0, 1\]/],
    ["accuracy as text", { accuracy: "0.5" }, /accuracy: "0\.5"; expected a number in \[0, 1\]/],
    ["no accuracy", { accuracy: undefined }, /accuracy: missing; expected a number in \[0, 1\]/],
    ["accuracy null", { accuracy: null }, /accuracy: null; expected a number in \[0, 1\]/],
    ["no domain", { dataset: " " }, /dataset: " "; expected a text that is not blank/],
    ["steps that are no text", { add: ["a"] }, /add: \["a"\]; expected a text/],
    ["score / times unlike accuracy", { score: 1, times: 4 }, /accuracy: 0\.5; expected score \/ times = 1 \/ 4/],
    ["no completions", { score: 0, times: 0 }, /accuracy: 0\.5; expected score \/ times = 0 \/ 0/],
    ["a true label of another kind", { step_label: 2 }, /step_label: 2; expected 0 or 1/],
  ])("refuses %s", async (_, fault, message) => {
    const file = write("bad.json", [minimal, { ...minimal, id: 9, ...fault }]);
    await expect(loadTrainSet(file, quiet)).rejects.toThrow(message);
  });

  test("refuses NaN labels by row, and rows that are no objects", async () => {
    const nan = JSON.stringify([minimal, minimal]).replace('"accuracy":0.5}]', '"accuracy":NaN}]');
    await expect(loadTrainSet(write("nan.json", nan), quiet)).rejects.toThrow(
      'row 1, accuracy: "NaN"; expected a number in [0, 1]',
    );
    await expect(loadTrainSet(write("text.json", [minimal, "row"]), quiet)).rejects.toThrow(
      'row 1: "row"; expected a JSON object',
    );
  });

  test("names up to 20 faults and counts the others", async () => {
    const rows = Array.from({ length: 23 }, () => ({ ...minimal, accuracy: 2 }));
    const error = await messageOf(loadTrainSet(write("many.json", rows), quiet));
    expect(error.split("\n")).toHaveLength(22);
    expect(error).toMatch(/23 faults/);
    expect(error).toMatch(/row 19, accuracy: 2;.*\n {2}and 3 more$/);
  });

  test("refuses unknown domains where the known ones are given", async () => {
    const file = write("domains.json", [minimal, { ...minimal, dataset: "ai2x" }]);
    await expect(loadTrainSet(file, { quiet: true, domains: ["ai2d"] })).rejects.toThrow(
      'row 1, dataset: "ai2x"; expected one of the domains ai2d',
    );
  });

  test("refuses unknown options by name", async () => {
    const file = write("train.json", [minimal]);
    await expect(loadTrainSet(file, { silent: true } as object)).rejects.toThrow(/loadTrainSet:.*\n?.*silent/);
    await expect(loadMetaSet(file, { withoutSteps: "drop" } as object)).rejects.toThrow(
      /loadMetaSet:\n.*withoutSteps.*"drop"/,
    );
  });

  test("lists missing images when asked", async () => {
    const rows = Array.from({ length: 25 }, (_, i) => ({ ...minimal, image_path: `${i}.png` }));
    const file = write("images.json", [...rows, { ...minimal, image_path: "" }]);
    const error = await messageOf(loadTrainSet(file, { quiet: true, images: "check" }));
    expect(error).toContain("25 image(s) do not exist");
    expect(error).toContain(path.join(folder, "19.png"));
    expect(error).toMatch(/and 5 more$/);
    await expect(loadTrainSet(file, { quiet: true, images: "check", imageRoot: "/nowhere" })).rejects.toThrow(
      "/nowhere/0.png",
    );
  });

  test("100,000 rows within seconds", { timeout: 60_000 }, async () => {
    const rows = Array.from({ length: 1000 }, (_, i) => {
      const steps = Array.from({ length: 1 + (i % 5) }, (_, n) => `Step ${n + 1}: ${"some words ".repeat(4)}`);
      return JSON.stringify({ ...minimal, input: `question ${i}`, add: steps.join("\n\n"), score: 4, times: 8 });
    });
    const file = write("large.jsonl", `${rows.join("\n")}\n`.repeat(100));
    const before = process.cpuUsage();
    const set = await loadTrainSet(file, quiet);
    const { user, system } = process.cpuUsage(before);
    expect(set.samples.length).toBe(100_000);
    expect(set.samples[99_999].steps.length).toBe(5);
    expect((user + system) / 1e6).toBeLessThan(10);
  });
});

describe("loadMetaSet on DreamPRM's meta format", () => {
  const question = "Question: q?\nOptions: (A) x (B) y";
  const rows = [
    { id: 2, true_false: true, input: `${question}\n\nStep 1: a\n\nStep 2: b\n\nFinal answer: B`, image_path: "1.png" },
    { id: 2, true_false: false, input: question, image_path: "1.png" },
    { true_false: 0, input: `${question}\n\nFinal answer: A`, image_path: "" },
  ];

  test("full and minimal rows; rows without steps are kept as one step and counted", async () => {
    const set = await loadMetaSet(write("meta.json", rows), quiet);
    expect(set.withoutSteps).toBe(2);
    expect(set.solutions.map(({ steps }) => steps)).toEqual([
      ["Step 1: a", "Step 2: b", "Final answer: B"],
      [""],
      ["Final answer: A"],
    ]);
    expect(set.solutions.map(({ correct }) => correct)).toEqual([true, false, false]);
    expect(set.solutions.map(({ answer }) => answer)).toEqual(["B", undefined, "A"]);
    expect(set.solutions.every((solution) => solution.question === question)).toBe(true);
    expect(set.solutions[0].questionId).toBe(set.solutions[1].questionId);
  });

  test("or left out and counted", async () => {
    const set = await loadMetaSet(write("meta.json", rows), { quiet: true, withoutSteps: "skip" });
    expect(set.solutions.map(({ id }) => id)).toEqual(["2"]);
    expect(set.withoutSteps).toBe(2);
  });

  test("refuses wrong types", async () => {
    const file = write("bad.json", [rows[0], { ...rows[0], true_false: "yes" }]);
    await expect(loadMetaSet(file, quiet)).rejects.toThrow('row 1 (id 2), true_false: "yes"; expected true or false');
  });

  const published = "../shared/data/dreamprm/meta.json";
  test.skipIf(!existsSync(published))("the published file: 372 of 500 without steps (skipped without it)", async () => {
    const { solutions, withoutSteps } = await loadMetaSet(published, quiet);
    expect([solutions.length, withoutSteps]).toEqual([500, 372]);
    expect(new Set(solutions.map(({ questionId }) => questionId)).size).toBe(371);
    for (const { question, steps } of solutions) {
      expect(question).toContain("Options:");
      expect(steps.length).toBeGreaterThan(0);
      expect(question).not.toMatch(/Step 1|Final answer/);
    }
    const stepped = solutions.filter(({ steps }) => steps.length > 1);
    expect(stepped).toHaveLength(128);
    for (const { steps } of stepped) expect(steps.length).toBeGreaterThanOrEqual(4);
  });
});
