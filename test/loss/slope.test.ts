import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { stepLoss, stepLossSlope } from "../../lib/loss/step.js";
import { centralDifference, expectClose } from "../expectClose.js";
import { expectSecondOrder } from "../core/products.js";

beforeAll(() => useBackend());

const [z, t] = [[-3, 0.2, 4, -0.9], [0.1, 0.9, 0.5, 0]]; // prettier-ignore
const sigma = (z: number) => 1 / (1 + Math.exp(-z));
const definition = {
  squaredError: (z: number, t: number) => (sigma(z) - t) ** 2,
  crossEntropy: (z: number, t: number) => Math.log1p(Math.exp(z)) - t * z,
};

test.each(["squaredError", "crossEntropy"] as const)("the slope of %s is its derivative", (kind) => {
  const sum = (x: number[]) => x.reduce((sum, z, i) => sum + definition[kind](z, t[i]), 0);
  expectClose(stepLossSlope(kind, tf.tensor1d(z), tf.tensor1d(t)), centralDifference(sum, z, 1e-5));
  const extreme = stepLossSlope(kind, tf.tensor1d([-80, 80]), tf.tensor1d([1, 0])).dataSync();
  expect([...extreme].every(Number.isFinite)).toBe(true);
});

test.each(["squaredError", "crossEntropy"] as const)("%s is right in second order", (kind) => {
  expectSecondOrder(
    (x) => stepLoss(kind, x, tf.tensor1d(t)),
    (x) => x.map((z, i) => definition[kind](z, t[i])),
    z,
  );
});
