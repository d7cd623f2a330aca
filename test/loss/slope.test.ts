import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { sloped, stepLoss } from "../../lib/loss/step.js";
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
  for (const times of [1, 2000]) {
    const repeated = (values: number[]) => tf.tile(tf.tensor1d(values), [times]);
    const { loss_B, slope_B } = sloped(kind, repeated(z), repeated(t));
    expectClose(tf.slice(slope_B, 4 * (times - 1)), centralDifference(sum, z, 1e-5));
    expectClose(loss_B, stepLoss(kind, repeated(z), repeated(t)));
  }
  const { loss_B, slope_B } = sloped(kind, tf.tensor1d([-80, 80]), tf.tensor1d([1, 0]));
  expect([...loss_B.dataSync(), ...slope_B.dataSync()].every(Number.isFinite)).toBe(true);
});

test.each(["squaredError", "crossEntropy"] as const)("%s is right in second order", (kind) => {
  expectSecondOrder(
    (x) => stepLoss(kind, x, tf.tensor1d(t)),
    (x) => x.map((z, i) => definition[kind](z, t[i])),
    z,
  );
});
