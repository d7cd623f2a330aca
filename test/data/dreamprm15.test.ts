import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadTrainSet } from "../../lib/data/dreamprm.js";
import { loadConversations, loadMetaSet, loadPools } from "../../lib/data/solutions.js";
import { scratch } from "./helpers.js";

const { write } = scratch();
const quiet = { quiet: true };

function turns(...pairs: [from: string, value: string][]) {
  return pairs.map(([from, value]) => ({ from, value }));
}

const separate = turns(
  ["system", "Judge."],
  ["human", "### Question:\nWhat is 2 + 2?"],
  ["human", "2 + 2 = 5"],
  ["gpt", "-"],
  ["human", "Answer: 5"],
  ["gpt", "-"],
);
const together = turns(
  ["human", "### Question:\nWhat is 2 + 2?\n\n### Solution Process:\n2 + 2 = 4"],
  ["gpt", "+"],
  ["human", "Answer: 4"],
  ["gpt", "+"],
);

describe("DreamPRM-1.5 conversations", () => {
  test("training rows: the turns of the model are step labels, the last one the outcome", async () => {
    const rows = [
      { id: "a", image: "a.png", conversations: separate },
      { id: "a", image: "a.png", conversations: together },
    ];
    const { solutions } = await loadConversations(write("train.json", rows), quiet);
    expect(solutions[0]).toMatchObject({
      steps: ["2 + 2 = 5", "Answer: 5"],
      stepLabels: [0, 0],
      correct: false,
      answer: "5",
    });
    expect(solutions[1]).toMatchObject({
      steps: ["2 + 2 = 4", "Answer: 4"],
      stepLabels: [1, 1],
      correct: true,
      answer: "4",
    });
    expect(solutions[0].question).toBe("What is 2 + 2?");
    expect(solutions[0].questionId).toBe(solutions[1].questionId);
  });

  test("meta rows: the turns of the model are places, not labels", async () => {
    const rows = [{ id: "test_Public_Health_3", image: null, true_false: false, conversations: together }];
    const { solutions } = await loadMetaSet(write("meta.json", rows), quiet);
    expect(solutions[0]).toMatchObject({ correct: false, domain: "Public_Health" });
    expect(solutions[0].stepLabels).toBeUndefined();
  });

  test.each<[string, object, RegExp]>([
    [
      "a question without steps",
      turns(["human", "q?"]),
      /row 0, conversations: "human"; expected .* at least one step/,
    ],
    ["a step without label", separate.slice(0, -1), /"system human human gpt human"; expected 2 labels from gpt/],
    ["another label", turns(["human", "q"], ["human", "s"], ["gpt", "yes"]), /expected "\+" or "-"/],
    ["another speaker", turns(["user", "q"]), /row 0, conversations\.0\.from: "user"; expected system, human or gpt/],
  ])("refuses %s", async (_, conversations, message) => {
    await expect(loadConversations(write("bad.json", [{ conversations }]), quiet)).rejects.toThrow(message);
  });

  test("as training rows every step has its hard label, the domain of its row, its id or its file, and the system turn", async () => {
    const rows = [
      { id: "a", image: "a.png", domain: "sums", conversations: separate },
      { id: "test_Public_Health_3", image: null, conversations: [separate[0], ...together] },
      { conversations: [separate[0], ...together.slice(0, 2)] },
    ];
    const { samples, domains, system } = await loadTrainSet(write("own.json", rows), quiet);
    expect(samples.map(({ id, steps, target }) => [id, steps.length, target])).toEqual([
      ["a-1", 1, 0],
      ["a-2", 2, 0],
      ["test_Public_Health_3-1", 1, 1],
      ["test_Public_Health_3-2", 2, 1],
      ["row 2-1", 1, 1],
    ]);
    expect(samples[1]).toMatchObject({ question: "What is 2 + 2?", steps: ["2 + 2 = 5", "Answer: 5"], domain: "sums" });
    expect(samples[1].image).toMatch(/a\.png$/);
    expect([domains, system]).toEqual([["sums", "Public_Health", "own"], "Judge."]);
    const differing = await loadTrainSet(write("own.json", [...rows, { conversations: together }]), quiet);
    expect(differing.system).toBeUndefined();
  });

  test("rows with an outcome are refused as training rows, and so are files of two formats", async () => {
    const talk = { id: "a", conversations: separate };
    const outcome = { ...talk, id: "b", true_false: true };
    await expect(loadTrainSet(write("bad.json", [talk, outcome]), quiet)).rejects.toThrow(
      /bad\.json: 1 fault[^]*row 1 \(id "b"\), true_false: true; expected none: .* for a meta set/,
    );
    const step = { input: "q", add: "Step 1: a", image_path: "", dataset: "d", accuracy: 0.5 };
    await expect(loadTrainSet(write("bad.jsonl", [step, step, talk]), quiet)).rejects.toThrow(
      "bad.jsonl: row 2 (rows count from 0) is in DreamPRM-1.5's format, those before it in DreamPRM's; keep each",
    );
    await expect(loadTrainSet(write("bad.jsonl", [talk, step]), quiet)).rejects.toThrow("row 1 (rows count from 0) is in DreamPRM's format"); // prettier-ignore
    await expect(loadMetaSet(write("bad.jsonl", [outcome, { input: "q", true_false: true, image_path: "" }]), quiet)).rejects.toThrow("bad.jsonl: may be DreamPRM meta or DreamPRM-1.5 conversations"); // prettier-ignore
    await expect(loadTrainSet(write("bad.json", [talk]), { ...quiet, domains: ["charts"] })).rejects.toThrow(
      'row 0 (id "a"), domain: "bad"; expected one of the domains charts',
    );
  });

  const published = "../shared/data/dreamprm-1.5/meta_MMMU_Pro.sample.json";
  test.skipIf(!existsSync(published))("the published sample: 60 pools of 4 (skipped without it)", async () => {
    const pools = await loadPools(published, quiet);
    expect(pools).toHaveLength(60);
    expect(new Set(pools.map(({ candidates }) => candidates.length))).toEqual(new Set([4]));
    const steps = pools.flatMap(({ candidates }) => candidates.map(({ steps }) => steps.length));
    expect(steps.filter((n) => n === 1)).toHaveLength(131);
    expect(pools.every(({ domain, image }) => domain !== undefined && image !== undefined)).toBe(true);
  });
});

describe("loadPools", () => {
  const row = {
    question: "q?",
    image_path: "1.png",
    candidates: ["Step 1: a\nStep 2: b\nAnswer: A", "because\n\nAnswer: B"],
    true_false: [true, false],
  };

  test("candidate rows", async () => {
    const [pool] = await loadPools(write("test.json", [{ ...row, domain: "d", generators: ["m1", "m2"] }]), quiet);
    expect(pool).toMatchObject({ question: "q?", domain: "d" });
    expect(pool.candidates).toMatchObject([
      { id: "row 0/0", steps: ["Step 1: a", "Step 2: b", "Answer: A"], correct: true, answer: "A", generator: "m1" },
      { id: "row 0/1", steps: ["because", "Answer: B"], correct: false, answer: "B", generator: "m2" },
    ]);
    expect(pool.candidates.every(({ questionId }) => questionId === pool.questionId)).toBe(true);
  });

  test("solutions of one question are one pool", async () => {
    const solution = { problem: "p", steps: ["a"], final_answer_correct: true };
    const file = write("solutions.jsonl", [solution, { ...solution, problem: "q" }, { ...solution, steps: ["b"] }]);
    const pools = await loadPools(file, quiet);
    expect(pools.map(({ question, candidates }) => [question, candidates.map(({ id }) => id)])).toEqual([
      ["p", ["row 0", "row 2"]],
      ["q", ["row 1"]],
    ]);
  });

  test("candidates are solutions of a test set too, which keeps them by question", async () => {
    const file = write("test.json", [
      { ...row, id: "x", step_labels: [[1, 1, 0], null] },
      { ...row, question: "r?" },
    ]);
    const { solutions, pools, withoutSteps } = await loadMetaSet(file, quiet);
    expect(solutions.map(({ id, correct, stepLabels }) => [id, correct, stepLabels])).toEqual([
      ["x/0", true, [1, 1, 0]],
      ["x/1", false, undefined],
      ["row 1/0", true, undefined],
      ["row 1/1", false, undefined],
    ]);
    expect(pools).toEqual(await loadPools(file, quiet));
    expect(pools?.map(({ candidates }) => candidates.length)).toEqual([2, 2]);
    expect(withoutSteps).toBe(0);
    const short = write("short.json", [{ question: "q?", image_path: "", candidates: ["B", "A\n\nB"], true_false: [true, false] }]); // prettier-ignore
    expect((await loadMetaSet(short, quiet)).withoutSteps).toBe(1);
    const labels = write("bad.json", [{ ...row, step_labels: [[1], null] }]);
    await expect(loadPools(labels, quiet)).rejects.toThrow("row 0, step_labels.0: [1]; expected 3 labels");
  });

  test("refuses candidates and outcomes of different numbers", async () => {
    const file = write("bad.json", [row, { ...row, id: "x", true_false: [true] }]);
    await expect(loadPools(file, quiet)).rejects.toThrow(
      'row 1 (id "x"), true_false: [true]; expected as many as candidates',
    );
  });
});
