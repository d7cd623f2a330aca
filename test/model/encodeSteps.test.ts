import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { stepBatch } from "../../lib/data/batch.js";
import { encodeSteps } from "../../lib/data/encode.js";
import type { StepSample, TrainSet } from "../../lib/data/types.js";
import { hashedFeatures } from "../../lib/text/features.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const encoder = hashedFeatures({ buckets: 8 });
const sample = (id: string, questionId: string, domain: string, ...steps: string[]): StepSample => ({
  id,
  questionId,
  question: "What is 1 + 1?",
  steps,
  domain,
  target: 0.25,
});
/** three solutions: two of question p, of 3 and 1 steps, and one of q, whose second step is missing */
const train: TrainSet = {
  samples: [
    sample("p0", "p", "a", "one"),
    sample("p1", "p", "a", "one", "two"),
    sample("p2", "p", "a", "one", "two", "three"),
    sample("p3", "p", "b", "uno"),
    sample("q0", "q", "b", "one"),
    sample("q2", "q", "b", "one", "2", "3", "4"),
  ],
  domains: ["a", "b"],
  source: { path: "made up", sha256: "", rows: 6 },
};

describe("encoded steps", () => {
  const encoded = encodeSteps(train, encoder);

  test("know their number and the steps of their solution", () => {
    expect(Array.from(encoded.step)).toEqual([1, 2, 3, 1, 1, 4]);
    expect(Array.from(encoded.steps)).toEqual([3, 3, 3, 1, 4, 4]);
    expect(Array.from(encoded.domain)).toEqual([0, 0, 0, 1, 1, 1]);
    expect(Array.from(encoded.target)).toEqual(Array.from({ length: 6 }, () => 0.25));
  });

  test("are each an instance, or a solution is", () => {
    expect(Array.from(encoded.instance)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(encoded.instances).toEqual(["p0", "p1", "p2", "p3", "q0", "q2"]);
    const solutions = encodeSteps(train, encoder, { instance: "solution" });
    expect(Array.from(solutions.instance)).toEqual([0, 0, 0, 1, 2, 2]);
    expect(solutions.instances).toEqual(["p0", "p3", "q0"]);
  });

  test("count alike, or so that complete solutions do", () => {
    expect(encoded.factor).toBeUndefined();
    const { factor } = encodeSteps(train, encoder, { stepWeighting: "mean" });
    expectClose(
      factor ?? [],
      [3, 3, 3, 1, 4, 4].map((n) => 2 / n),
    ); // mean length 6/3 = 2
    const sum = (rows: number[]) => rows.reduce((total, row) => total + (factor?.[row] ?? NaN), 0);
    expectClose([sum([0, 1, 2]), sum([3])], [2, 2]);
  });

  test("come in batches with all of it", () => {
    const options = { instance: "solution", stepWeighting: "mean" } as const;
    const batch = stepBatch(encodeSteps(train, encoder, options), Int32Array.of(5, 3));
    expectClose(batch.step_B ?? [], [4, 1]);
    expectClose(batch.steps_B ?? [], [4, 1]);
    expectClose(batch.row_B, [2, 1]);
    expectClose(batch.factor_B ?? [], [0.5, 2]);
    expect(stepBatch(encoded, Int32Array.of(0)).factor_B).toBeUndefined();
  });
});
