import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { prmBatches } from "../../lib/data/batch.js";
import { encodeSteps } from "../../lib/data/encode.js";
import type { StepSample, TrainSet } from "../../lib/data/types.js";
import { linearHead } from "../../lib/model/head.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { hashedFeatures } from "../../lib/text/features.js";
import { instanceTable } from "../../lib/weighting/instanceTable.js";
import { publishedInstanceNet } from "../../lib/weighting/instanceNet.js";
import { perSolution } from "../../lib/weighting/perSolution.js";
import { uniform } from "../../lib/weighting/uniform.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const encoder = hashedFeatures({ buckets: 16 });
const prm = linearHead({ features: encoder.size });
const lengths = [3, 1, 4, 2];
const samples = lengths.flatMap((length, s) =>
  Array.from({ length }, (_, n): StepSample => ({
    ...{ id: `s${s}-${n + 1}`, questionId: `q${s}`, question: `What is ${s} + ${s}?`, domain: "d" },
    steps: Array.from({ length: n + 1 }, (_, i) => `${s} and ${i} make ${s + i}`),
    target: (s + n) % 2,
  })),
);
const train: TrainSet = { samples, domains: ["d"], source: { path: "made up", sha256: "", rows: samples.length } };
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** −log of the probability of every row's label, and its score, solution by solution */
function byHand(phi: Record<string, tf.Tensor>) {
  const all = encodeSteps(train, encoder);
  const batch = prmBatches({ train: all, batchSize: samples.length, seed: 3 }).lower(0);
  const logits = new Map<number, number>();
  const answers = tf.tidy(() => prm.apply(phi, batch.input).dataSync());
  batch.row_B.dataSync().forEach((row, i) => logits.set(row, answers[i]));
  let row = 0;
  return lengths.map((length) =>
    Array.from({ length }, () => {
      const logit = logits.get(row) ?? NaN;
      const score = 1 / (1 + Math.exp(-logit));
      const right = samples[row++].target === 1 ? score : 1 - score;
      return { logit, score, loss: -Math.log(right) };
    }),
  );
}

describe("a batch of whole solutions", () => {
  const encoded = encodeSteps(train, encoder, { instance: "solution", stepWeighting: "mean" });

  test("holds every row of its solutions, each solution once an epoch", () => {
    const { lower } = prmBatches({ train: encoded, unit: "solution", batchSize: 2, seed: 5 });
    const epoch = [0, 1].map((k) => Array.from(lower(k).row_B.dataSync()));
    const counts = lengths.map((_, s) => epoch.flat().filter((row) => row === s).length);
    expect(counts).toEqual(lengths);
    for (const rows of epoch) expect(new Set(rows).size).toBe(2);
    expect(Array.from(lower(1).row_B.dataSync())).toEqual(epoch[1]);
    expect(() => prmBatches({ train: encoded, unit: "solution", batchSize: 5 })).toThrow(
      /batch of 5 is larger than the training set's solutions of 4/,
    );
  });

  test.each(["sum", "mean"] as const)("loss: mean over solutions of w · %s over steps", (stepWeighting) => {
    const own = encodeSteps(train, encoder, { instance: "solution", stepWeighting });
    const raw = tf.tensor1d([0.5, 2, 1, 0]);
    const problem = prmProblem({ prm, weighting: instanceTable({ rows: 4, lazy: false }), stepLoss: "crossEntropy" });
    const { phi } = problem.init(2);
    const losses = byHand(phi).map((steps) => steps.map(({ loss }) => loss));
    for (const batchSize of [1, 2, 4]) {
      const { lower } = prmBatches({ train: own, unit: "solution", batchSize, seed: 5 });
      const batch = lower(0);
      const chosen = [...new Set(batch.row_B.dataSync())];
      const expected = mean(
        chosen.map((s) => [0.5, 2, 1, 0][s] * mean(losses[s]) * (stepWeighting === "sum" ? lengths[s] : 1)),
      );
      expectClose(problem.lower(phi, { raw }, batch), [expected], { relative: 1e-5 });
    }
  });

  test("equal weights give the loss without weights; one step a solution is what steps give", () => {
    const first = { ...train, samples: samples.filter(({ steps }) => steps.length === 1) };
    const short = encodeSteps(first, encoder, { stepWeighting: "mean" });
    const problem = prmProblem({ prm, weighting: uniform() });
    const { phi } = problem.init(1);
    const [steps, solutions] = (["step", "solution"] as const).map((unit) =>
      problem.lower(phi, {}, prmBatches({ train: short, unit, batchSize: 4 }).lower(0)),
    );
    expectClose(solutions, steps, { relative: 1e-6 });
  });

  test("without a meta set there are no upper batches", () => {
    expect(() => prmBatches({ train: encoded, batchSize: 1 }).upper(0)).toThrow(/need a meta set/);
  });

  test("Instance Net: its output is averaged over a solution's steps, then activated", () => {
    const raw = publishedInstanceNet({ activation: { activation: "none" } });
    const weighting = perSolution(raw);
    const problem = prmProblem({ prm, weighting, stepLoss: "crossEntropy" });
    const { phi, alpha } = problem.init(4);
    const batch = prmBatches({ train: encoded, unit: "solution", batchSize: 3, seed: 5 }).lower(0);
    const { seen = {} } = problem.weighted?.losses(phi, batch) ?? {};
    const weights = problem.weighted?.weights(alpha, batch, seen).dataSync() ?? [];
    const [w1, b1, w2, b2] = ["l1/weight", "l1/bias", "l2/weight", "l2/bias"].map((name) => alpha[name].dataSync());
    const net = (score: number) => {
      const hidden = Array.from(b1, (b, h) => w1[2 * h] * score + w1[2 * h + 1] * (1 - score) + b);
      return hidden.reduce((sum, z, h) => sum + w2[h] * (z > 0 ? z : 0.01 * z), b2[0]);
    };
    const expected = byHand(phi).map((steps) => 1 / (1 + Math.exp(-mean(steps.map(({ score }) => net(score))))));
    const rows = Array.from(batch.row_B.dataSync());
    expect(new Set(rows).size).toBe(3);
    expectClose(
      weights,
      rows.map((s) => expected[s]),
      { relative: 1e-5 },
    );
  });
});
