import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { convert } from "../../../lib/data/convert.js";
import { loadTrainSet } from "../../../lib/data/dreamprm.js";
import { importSource } from "../../../lib/data/import.js";
import { toPoolRows } from "../../../lib/data/rows.js";
import { loadMetaSet, loadPools } from "../../../lib/data/solutions.js";
import { messageOf, scratch } from "../helpers.js";

const { folder, write } = scratch();
const row = (i: number, label: number) => ({
  id: `sums-${i}`,
  generator: `model-${i % 2}`,
  problem: `What is ${i >> 1} + 1?`,
  steps: ["Add.\n\nCarry.", `Answer: ${i}`],
  final_answer_correct: label === -1,
  label,
});
const rows = Array.from({ length: 20 }, (_, i) => row(i, (i % 3) - 1));
const out = (name: string) => path.join(folder, name);

describe("one part", () => {
  test.each(["train.json", "train.jsonl", "train.jsonl.gz"])("training rows as %s", async (name) => {
    const { written } = await convert([write("sums.jsonl", rows)], { out: out(name), to: "train", quiet: true });
    expect(written).toEqual([{ file: out(name), rows: 40 }]);
    const { samples } = await loadTrainSet(out(name), { quiet: true });
    expect(samples.slice(0, 2).map(({ steps, target, trueLabel }) => [steps, target, trueLabel])).toEqual([
      [rows[0].steps.slice(0, 1), 1, 1],
      [rows[0].steps, 1, 1],
    ]);
  });

  test("a meta set has the outcomes, a pool all solutions of a question with their steps and labels", async () => {
    const file = write("sums.jsonl", rows);
    await convert([file], { out: out("meta.json"), to: "meta", quiet: true });
    const meta = await loadMetaSet(out("meta.json"), { quiet: true });
    const { solutions } = await importSource([file], { quiet: true });
    expect(meta.solutions.map(({ steps, correct }) => [steps, correct])).toEqual(
      solutions.map(({ steps, correct }) => [steps, correct]),
    );
    await convert([file], { out: out("pool.json"), to: "pool", quiet: true });
    const pools = await loadPools(out("pool.json"), { quiet: true });
    expect(pools).toHaveLength(10);
    expect(pools[0].candidates).toEqual(
      solutions.slice(0, 2).map((solution, n) => ({ ...solution, id: `${solution.questionId}/${n}` })),
    );
    expect(toPoolRows(pools)[0]).toMatchObject({
      generators: ["model-0", "model-1"],
      step_labels: [
        [1, 1],
        [0, 0],
      ],
    });
  });

  test("per-candidate columns that do not fit are refused", async () => {
    const pool = { question: "q", candidates: ["a", "b"], true_false: [true, false] };
    const short = write("pool.json", [{ ...pool, answers: ["1"] }]);
    await expect(loadPools(short, { quiet: true })).rejects.toThrow('answers: ["1"]; expected as many as candidates');
    const wrong = write("pool.json", [{ ...pool, step_labels: [[1, 0], null], step_starts: [null, [5]] }]);
    const message = await messageOf(loadPools(wrong, { quiet: true }));
    expect(message).toContain("row 0, step_labels.0: [1,0]; expected 1 labels");
    expect(message).toContain("row 0, step_starts.1: [5]; expected offsets of steps");
  });
});

describe("the record of an import", () => {
  test("holds sources, kinds and choices, next to what was written, and is no data", async () => {
    mkdirSync(out("own"));
    const file = write("own/sums.jsonl", rows);
    const options = { afterError: "unlabelled", labels: "steps", quiet: true } as const;
    const conversion = await convert([file], { ...options, to: "train", out: out("own/train.json") });
    expect(conversion).toMatchObject({
      recordFile: out("own/train.import.json"),
      written: [{ file: out("own/train.json"), rows: 33 }],
      labels: { outcome: 0, steps: 20 },
      derivation: { afterError: "unlabelled", neutral: "unlabelled", outcome: "refused" },
      sources: [{ path: file, rows: 20, evidence: { "first-error": 20 }, outcomes: { stated: 20 } }],
    });
    expect(JSON.parse(readFileSync(conversion.recordFile, "utf8"))).toEqual(JSON.parse(JSON.stringify(conversion)));
    mkdirSync(out("alone"));
    write("alone/sums.jsonl", rows);
    write("alone/train.import.json", {});
    expect((await importSource([out("alone")], { quiet: true })).solutions).toHaveLength(20);
  });

  test("a split keeps its seed, and every solution is in one part", async () => {
    const conversion = await convert([write("sums.jsonl", rows)], { out: out("split"), seed: 3, quiet: true });
    expect(conversion).toMatchObject({ seed: 3, recordFile: out("split/import.json"), labels: { steps: 0 } });
    const [train, meta, test] = conversion.written.map(({ rows }) => rows);
    expect(train / 2 + meta + test).toBe(20);
  });

  test("an outcome that cannot be derived is left out and counted", async () => {
    const trl = [
      { prompt: "a", completions: ["x", "answer: 3"], labels: [true, true] },
      { prompt: "b", completions: ["x"], labels: [false] },
    ];
    const { solutions, notes } = await importSource([write("t.jsonl", trl)], { quiet: true, outcome: "answer" });
    expect(solutions).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('2 solution(s) whose outcome cannot be derived from "answer"')]);
  });
});

test("up to 20 faults are named at once", async () => {
  const bad = Array.from({ length: 30 }, () => ({ prompt: "a", completions: ["x"], labels: ["yes"] }));
  const message = await messageOf(convert([write("t.jsonl", bad)], { out: out("x.json"), to: "train", quiet: true }));
  expect(message).toMatch(/t\.jsonl: 30 faults \(rows count from 0\)\n {2}row 0, labels\.0: "yes"; expected/);
  expect(message.split("\n")).toHaveLength(22);
  expect(message).toMatch(/and 10 more$/);
});
