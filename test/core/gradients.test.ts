import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import { centralDifference, expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const values = (seed: string, size: number) => {
  const stream = random(seed);
  return Array.from({ length: size }, () => stream.normal());
};

describe.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])("matMul with transposeA %s, transposeB %s", (transposeA, transposeB) => {
  const shapeA: [number, number] = transposeA ? [3, 2] : [2, 3];
  const shapeB: [number, number] = transposeB ? [4, 3] : [3, 4];
  const a = values("a", 6);
  const b = values("b", 12);
  const product = (x: tf.Tensor, y: tf.Tensor) =>
    tf.matMul(tf.reshape(x, shapeA), tf.reshape(y, shapeB), transposeA, transposeB);
  const objective = (x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.square(product(x, y)));

  test("first order", () => {
    const [da, db] = tf.grads(objective)([tf.tensor1d(a), tf.tensor1d(b)]);
    const at = (x: number[], y: number[]) => tf.tidy(() => objective(tf.tensor1d(x), tf.tensor1d(y)).dataSync()[0]);
    expectClose(
      da,
      centralDifference((x) => at(x, b), a),
      { relative: 1e-3 },
    );
    expectClose(
      db,
      centralDifference((y) => at(a, y), b),
      { relative: 1e-3 },
    );
  });

  test("second order: gradient of ‖∇_a‖²", () => {
    const inner = (x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.square(tf.grad((z) => objective(z, y))(x)));
    const outer = tf.grad((y: tf.Tensor) => inner(tf.tensor1d(a), y))(tf.tensor1d(b));
    const at = (y: number[]) => tf.tidy(() => inner(tf.tensor1d(a), tf.tensor1d(y)).dataSync()[0]);
    expectClose(outer, centralDifference(at, b), { relative: 2e-3 });
  });
});

test("batched products keep their gradient", () => {
  const [x, y] = [values("x", 12), values("y", 12)];
  const objective = (x: tf.Tensor) => tf.sum(tf.square(tf.matMul(tf.reshape(x, [2, 2, 3]), tf.tensor3d(y, [2, 3, 2]))));
  const at = (x: number[]) => tf.tidy(() => objective(tf.tensor1d(x)).dataSync()[0]);
  const gradient = tf.grad(objective)(tf.tensor1d(x));
  expect(gradient.shape).toEqual([12]);
  expectClose(gradient, centralDifference(at, x), { relative: 1e-3 });
});
