import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { aggregate, type Aggregation, aggregations } from "../../lib/loss/aggregate.js";
import { labelledStepsLoss, outcomeLoss } from "../../lib/loss/objective.js";
import { stepLoss } from "../../lib/loss/step.js";
import { centralDifference, expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const sigma = (z: number) => 1 / (1 + Math.exp(-z));
const logit = (p: number) => Math.log(p / (1 - p));
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** The definitions, as one would write them down, on the probabilities of one solution. */
const definitions: Record<Aggregation, (p: number[]) => number> = {
  mean: (p) => sum(p) / p.length,
  min: (p) => Math.min(...p),
  max: (p) => Math.max(...p),
  last: (p) => p[p.length - 1],
  product: (p) => p.reduce((a, b) => a * b),
  logMean: (p) => Math.exp(sum(p.map(Math.log)) / p.length),
  logOddsMean: (p) => sigma(sum(p.map(logit)) / p.length),
  logOddsSum: (p) => sigma(sum(p.map(logit))),
};

describe.each(aggregations)("aggregation %s", (kind) => {
  const rows = [
    [0.3, -1.2, 2.1],
    [-0.7, 0.4, 99],
    [1.5, -99, 42],
  ];
  const lengths = [3, 2, 1];
  const of = (logits: number[][], steps: number[]) => {
    const mask = logits.map((row, i) => row.map((_, s) => (s < steps[i] ? 1 : 0)));
    return aggregate(kind, tf.tensor2d(logits), tf.tensor2d(mask));
  };

  test("is its definition, and padding does not count", () => {
    const expected = rows.map((row, i) => definitions[kind](row.slice(0, lengths[i]).map(sigma)));
    expectClose(tf.sigmoid(of(rows, lengths)), expected);
  });

  test("has the gradient of its definition", () => {
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(aggregate(kind, x as tf.Tensor2D, tf.ones([1, 3]))))(
      tf.tensor2d([rows[0]]),
    );
    const expected = centralDifference((z) => logit(definitions[kind](z.map(sigma))), rows[0], 1e-5);
    expectClose(gradient, expected, { relative: 1e-4 });
  });

  test("stays finite where probabilities round to 0 or 1", () => {
    for (const z of [-60, 60]) {
      const value = of([[z, z, z]], [3]).dataSync()[0];
      expect(Number.isFinite(value)).toBe(true);
      expect(Math.sign(value)).toBe(Math.sign(z));
    }
  });
});

describe("step losses", () => {
  const [z, t] = [
    [-3, 0.2, 4, 30],
    [0.1, 0.9, 0.5, 0],
  ];
  const definition = {
    squaredError: (z: number, t: number) => (sigma(z) - t) ** 2,
    crossEntropy: (z: number, t: number) => Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - t * z,
  };

  test.each(["squaredError", "crossEntropy"] as const)("%s is its definition, with its gradient", (kind) => {
    expectClose(
      stepLoss(kind, tf.tensor1d(z), tf.tensor1d(t)),
      z.map((z, i) => definition[kind](z, t[i])),
    );
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(stepLoss(kind, x as tf.Tensor1D, tf.tensor1d(t))))(
      tf.tensor1d(z),
    );
    const expected = centralDifference((x) => sum(x.map((z, i) => definition[kind](z, t[i]))), z, 1e-5);
    expectClose(gradient, expected, { relative: 1e-4 });
  });

  test("differing shapes are refused, both named", () => {
    expect(() => stepLoss("squaredError", tf.tensor1d([1]), tf.tensor1d([1, 2]))).toThrow(/\[1\] and \[2\]/);
  });
});

describe("meta losses", () => {
  const [logits, mask, outcome] = [tf.tensor2d([[0, 1], [2, 9]]), tf.tensor2d([[1, 1], [1, 0]]), tf.tensor1d([1, 0])]; // prettier-ignore

  test('"+" is the mean squared error of σ(A) against the outcome', () => {
    const expected = ((sigma(0.5) - 1) ** 2 + sigma(2) ** 2) / 2;
    expectClose(outcomeLoss("+", "logOddsMean", logits, mask, outcome), expected);
  });

  test('"both" aggregates the scores of the right label and compares them with 1', () => {
    const expected = ((Math.min(sigma(0), sigma(1)) - 1) ** 2 + (sigma(-2) - 1) ** 2) / 2;
    expectClose(outcomeLoss("both", "min", logits, mask, outcome), expected);
    expectClose(
      outcomeLoss("both", "logOddsMean", logits, mask, outcome),
      outcomeLoss("+", "logOddsMean", logits, mask, outcome),
      { relative: 1e-5 },
    );
  });

  test("labelled steps alone count, each by itself", () => {
    const [labels, labelled] = [tf.tensor2d([[1, 0], [0, 1]]), tf.tensor2d([[1, 0], [1, 0]])]; // prettier-ignore
    expectClose(labelledStepsLoss(logits, labels, labelled), ((sigma(0) - 1) ** 2 + sigma(2) ** 2) / 2);
    expectClose(labelledStepsLoss(logits, labels, tf.zeros([2, 2])), 0);
  });
});
