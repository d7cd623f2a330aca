import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ScoredQuestion } from "../../lib/select/candidates.js";
import { openScoredPools } from "../../lib/select/scoredPools.js";

const folder = mkdtempSync(join(tmpdir(), "scored pools "));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function write(rows: readonly object[]): string {
  const file = join(folder, `${files++}.jsonl`);
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join("\n"));
  return file;
}

async function read(rows: readonly object[]): Promise<ScoredQuestion[]> {
  const file = await openScoredPools(write(rows));
  if (file === undefined) throw new Error("another format");
  const questions: ScoredQuestion[] = [];
  for await (const question of file.questions()) questions.push(question);
  return questions;
}

const candidate = { correct: true, step_scores: [0.5, 0.9] };

describe("openScoredPools", () => {
  test("reads a question with all that may be known of its candidates", async () => {
    const [question] = await read([
      {
        ...{ question_id: 7, question: "1 + 1?", image_path: "a.png", subject: "sums", more: "is dropped" },
        candidates: [
          { id: "a", true_false: 1, step_scores: [0, 1], score: 0.4, steps: ["So", "Answer: 2"], generator: "m" },
          { correct: false, step_scores: [0.25], score: -3, answer: 3 },
        ],
      },
    ]);
    expect(question).toEqual({
      ...{ questionId: "7", question: "1 + 1?", image: "a.png", subset: "sums" },
      candidates: [
        { id: "a", correct: true, outcomeScore: 0.4, steps: ["So", "Answer: 2"], generator: "m", answer: "2" },
        { correct: false, outcomeScore: -3, answer: "3" },
      ],
      scores: { PRM: [[[0, 1], [0.25]]] },
    });
  });

  test("DreamPRM-1.5's rows with step scores", async () => {
    const row = { id: "x", question: "q", image_path: "", candidates: ["one", "two"], true_false: [true, false] };
    const more = { step_scores: [[0.1], [0.2, 0.3]], generators: ["m", null], domain: "d" };
    const [{ candidates, scores, subset }] = await read([{ ...row, ...more }]);
    expect(candidates).toEqual([{ correct: true, generator: "m" }, { correct: false }]);
    expect([scores, subset]).toEqual([{ PRM: [[[0.1], [0.2, 0.3]]] }, "d"]);
    expect(await openScoredPools(write([row]))).toBeUndefined();
  });

  test("candidates without step scores have answers to vote on only", async () => {
    const file = await openScoredPools(write([{ id: "q", candidates: [{ correct: true, answer: "A" }] }]));
    expect(file?.given).toEqual({ stepScores: false, outcomeScores: false });
  });

  test("streams: the first of many questions comes without the rest", async () => {
    const rows = Array.from({ length: 20_000 }, (_, q) => ({ id: q, candidates: [candidate] }));
    const path = write([...rows, { id: "bad" }]);
    const file = await openScoredPools(path);
    for await (const { questionId } of file?.questions() ?? []) {
      expect(questionId).toBe("0");
      break;
    }
  });

  test.each<[string, object, RegExp]>([
    ["a score above 1", { candidates: [{ ...candidate, step_scores: [1.5] }] }, /row 1 \(id "b"\), candidates\.0\.step_scores\.0: 1\.5; expected a number in \[0, 1\]/], // prettier-ignore
    ["a score that is no number", { candidates: [{ ...candidate, step_scores: [null] }] }, /step_scores\.0: null; expected a number/], // prettier-ignore
    ["no score", { candidates: [{ ...candidate, step_scores: [] }] }, /step_scores: \[\]; expected at least one score/],
    ["a candidate without scores", { candidates: [candidate, { correct: true }] }, /candidates\.1\.step_scores: missing; expected a value, since the first row has one/], // prettier-ignore
    ["another number of steps", { candidates: [{ ...candidate, steps: ["a"] }] }, /expected one score per step/],
    ["no outcome", { candidates: [{ step_scores: [1] }] }, /candidates\.0\.correct: missing; expected true or false/],
    ["no candidates", { candidates: [] }, /candidates: \[\]; expected at least one candidate/],
    ["an id that was there before", { id: "a", candidates: [candidate] }, /question_id: "a"; expected an id that no row before has/], // prettier-ignore
  ])("refuses %s, naming row and field", async (_, row, message) => {
    await expect(
      read([
        { id: "a", candidates: [candidate] },
        { id: "b", ...row },
      ]),
    ).rejects.toThrow(message);
  });
});
