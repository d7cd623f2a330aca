import { describe, expect, test } from "vitest";
import { inspectFile } from "../../../lib/data/inspect.js";
import { openRecords } from "../../../lib/data/files.js";
import { readers, recognise } from "../../../lib/data/sources/index.js";
import { messageOf, scratch } from "../helpers.js";

const { write } = scratch();

const records: Record<string, object> = {
  "DreamPRM meta": { input: "q", true_false: true, image_path: "" },
  "DreamPRM-1.5 conversations": { conversations: [] },
  "DreamPRM-1.5 candidates": { question: "q", image_path: "", candidates: [], true_false: [] },
  "evaluation (ProcessBench layout)": { id: "a", generator: "g", problem: "p", steps: [], label: -1 },
  "MR-Ben": { Question_UUID: "u", Model_Solution_Steps: [], Model_Solution_First_Error_Step: "1" },
  "BIG-Bench-Mistake": { input: "i", steps: [], target: "t", answer: "a", mistake_index: 0 },
  PRMBench: {
    question: "q",
    original_process: [],
    modified_process: [],
    modified_steps: [],
    error_steps: [],
    idx: "i",
  },
  "GSM8K example model solutions": { question: "q", ground_truth: "g", "175b_finetuning": {} },
  PRM800K: { question: { problem: "p" }, label: { steps: [] }, labeler: "l", generation: null },
  "Math-Shepherd": { input: "i", label: "l", task: "t" },
  "TRL stepwise": { prompt: "p", completions: [], labels: [] },
  "VisualPRM400K raw": { image: "i", question_orig: "q", answer: "a", response: "r", steps_with_score: [] },
  VisualProcessBench: { image: [], question: "q", answer: "a", response: { steps: [], process_correctness: [] } },
};

describe("each format is told by its first records, and is no other", () => {
  test("all formats are here", () => {
    expect(readers.map(({ format }) => format).sort()).toEqual(Object.keys(records).sort());
  });

  test.each(Object.entries(records))("%s", async (format, record) => {
    for (const name of ["x.jsonl", "x.json"]) {
      const file = await openRecords(write(name, [record, record]));
      expect(recognise(file, readers).format).toBe(format);
    }
  });
});

test("an unknown file lists what was looked for, with fields of fields and alternatives", async () => {
  const message = await messageOf(inspectFile(write("x.jsonl", [{ question: "q", label: { kind: "other" } }])));
  expect(message).toMatch(/x\.jsonl: unknown format; its first record has question, label\. Looked for/);
  expect(message).toContain("\n  PRM800K: question.problem, label.steps");
  expect(message).toContain("\n  VisualPRM400K raw: question or question_orig, steps_with_score");
});

test("an ambiguous file is refused", async () => {
  const both = { ...records["TRL stepwise"], ...records["Math-Shepherd"] };
  await expect(inspectFile(write("x.jsonl", [both]))).rejects.toThrow("may be Math-Shepherd or TRL stepwise");
});

test("what is inspected shows shares and leaves unknown outcomes open", async () => {
  const row = { prompt: "p", completions: ["a", "b"], labels: [0.25, 0.5] };
  const inspection = await inspectFile(write("x.jsonl", [row]));
  expect(inspection).toMatchObject({ format: "TRL stepwise", rows: 1, example: { stepShares: [0.25, 0.5] } });
  expect(inspection.total.right).toBeUndefined();
});
