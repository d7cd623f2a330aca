import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { toPlain, valueAndGrads } from "../../lib/core/tree.js";
import { prmBatches, solutionBatch } from "../../lib/data/batch.js";
import { encodeSolutions, encodeSteps } from "../../lib/data/encode.js";
import type { Solution, TrainSet } from "../../lib/data/types.js";
import { linearHead, mlpHead } from "../../lib/model/head.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { scoreSolutions, scoreSteps } from "../../lib/model/score.js";
import { denseRows, hashedFeatures } from "../../lib/text/features.js";
import { domainTable } from "../../lib/weighting/domainTable.js";
import { uniform } from "../../lib/weighting/uniform.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const encoder = hashedFeatures({ buckets: 32 });
const prm = mlpHead({ features: encoder.size, hidden: 4 });
const question = "Ann has 3 apples and buys 4. How many has she?";
const steps = ["Ann starts with 3 apples.", "3 + 4 = 7.", "Final answer: 7"];
const train: TrainSet = {
  samples: Array.from({ length: 12 }, (_, i) => ({
    id: `s${i}`,
    questionId: `q${i}`,
    question,
    steps: steps.slice(0, 1 + (i % 3)),
    domain: ["a", "b", "c"][i % 3],
    target: (i % 4) / 4,
  })),
  domains: ["a", "b", "c"],
  source: { path: "made up", sha256: "", rows: 12 },
};
const solutions: Solution[] = [1, 2, 3].map((n) => ({
  id: `m${n}`,
  questionId: `m${n}`,
  question,
  steps: steps.slice(0, n),
  correct: n === 3,
}));
const encoded = { train: encodeSteps(train, encoder), meta: encodeSolutions(solutions, encoder) };

describe("objectives", () => {
  const phi = () => prm.init(3);

  test("equal weights are the unweighted loss, and a domain of weight zero has no influence", () => {
    const batch = prmBatches({ ...encoded, batchSize: 12, metaBatchSize: 3 }).lower(0);
    const table = prmProblem({ prm, weighting: domainTable(train.domains) });
    const plain = prmProblem({ prm, weighting: uniform() });
    expectClose(table.lower(phi(), { raw: tf.tensor1d([5, 5, 5]) }, batch), plain.lower(phi(), {}, batch));
    const without = { raw: tf.tensor1d([0, -200, 0]) };
    const flipped = {
      ...batch,
      target_B: tf.where(tf.equal(batch.domain_B, 1), tf.sub(1, batch.target_B), batch.target_B),
    };
    expectClose(
      table.lower(phi(), without, batch),
      table.lower(phi(), without, { ...flipped, target_B: flipped.target_B as tf.Tensor1D }),
    );
  });

  test("padding moves neither the upper loss nor its gradient", () => {
    const problem = prmProblem({ prm, weighting: uniform() });
    const batch = solutionBatch(encoded.meta, Int32Array.of(0, 1));
    const pad = (x: tf.Tensor | undefined, value: number) =>
      tf.pad(
        x as tf.Tensor2D,
        [
          [0, 0],
          [0, 3],
        ],
        value,
      );
    const padded = { ...batch, index_BS: pad(batch.index_BS, 1), mask_BS: pad(batch.mask_BS, 0) };
    const [a, b] = [batch, padded].map((meta) => valueAndGrads((p) => problem.upper(p, {}, meta), phi()));
    expectClose(a.value, b.value);
    expectClose(a.grads["l1/weight"], b.grads["l1/weight"]);
  });
});

describe("heads", () => {
  test("the mlp is tanh(x·W₁ + b₁)·W₂ + b₂, written out", () => {
    const phi = toPlain(prm.init(1));
    const x = Array.from(denseRows(encoded.train.features, [4]));
    const hidden = Array.from({ length: 4 }, (_, h) =>
      Math.tanh(x.reduce((sum, v, f) => sum + v * phi["l1/weight"].values[f * 4 + h], phi["l1/bias"].values[h])),
    );
    const logit = hidden.reduce((sum, v, h) => sum + v * phi["l2/weight"].values[h], phi["l2/bias"].values[0]);
    expectClose(prm.apply(prm.init(1), tf.tensor2d([x])), [logit]);
  });

  test("a seed gives the same parameters, another seed others", () => {
    const head = linearHead({ features: 5 });
    expect(toPlain(head.init(1))).toEqual(toPlain(head.init(1)));
    expect(toPlain(head.init(1))).not.toEqual(toPlain(head.init(2)));
  });
});

describe("batches", () => {
  const batches = () => prmBatches({ ...encoded, batchSize: 4, metaBatchSize: 2, seed: 7 });
  const rows = (k: number) => Array.from(batches().lower(k).row_B.dataSync());

  test("an epoch holds every row once, in another order each time, and depends on the seed and k alone", () => {
    const epoch = (e: number) => [0, 1, 2].flatMap((i) => rows(3 * e + i));
    expect([...epoch(0)].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(epoch(1)).not.toEqual(epoch(0));
    expect(rows(5)).toEqual(rows(5));
  });

  test("a batch larger than its set is refused with both numbers", () => {
    expect(() => prmBatches({ ...encoded, batchSize: 13 })).toThrow(
      /batch of 13 is larger than the training set of 12/,
    );
  });
});

test("scores of steps and solutions agree with the model applied to one at a time, and leave no tensors", () => {
  const phi = prm.init(5);
  const before = tf.memory().numTensors;
  const stepLogits = scoreSteps(prm, phi, encoded.meta.features);
  const last = scoreSolutions(prm, phi, encoded.meta, "last");
  const mean = scoreSolutions(prm, phi, encoded.meta, "logOddsMean");
  expect(tf.memory().numTensors).toBe(before);
  expectClose(last, [stepLogits[0], stepLogits[2], stepLogits[5]]);
  expectClose(mean[2], (stepLogits[3] + stepLogits[4] + stepLogits[5]) / 3);
  const alone = denseRows(encoded.meta.features, [4]);
  expectClose(prm.apply(phi, tf.tensor2d(alone, [1, encoder.size])), [stepLogits[4]]);
});
