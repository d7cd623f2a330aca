import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import { secondOrderProducts } from "../../lib/core/secondOrder.js";
import {
  denseMatrix,
  type SparseMatrix,
  sparseMatrix,
  sparseProduct,
  transposedSparseProduct,
} from "../../lib/core/sparse.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const stream = random("sparse");
const draw = (size: number) => Float32Array.from({ length: size }, () => stream.normal());

/** Every third entry or so, the last row empty; with the same matrix as a dense one. */
function example(rows: number, columns: number): { x: SparseMatrix; dense: tf.Tensor2D } {
  const all = draw(rows * columns).map((value, i) => (stream.next() < 0.3 && i < (rows - 1) * columns ? value : 0));
  const at = [...all.keys()].filter((i) => all[i] !== 0);
  const start = Int32Array.from({ length: rows + 1 }, (_, r) => at.filter((i) => i < r * columns).length);
  const column = Int32Array.from(at, (i) => i % columns);
  const entries = { start, column, value: Float32Array.from(at, (i) => all[i]) };
  const dense = tf.tensor2d(all, [rows, columns]);
  expect(denseMatrix(rows, columns, entries).dataSync()).toEqual(all);
  return { x: sparseMatrix(rows, columns, entries), dense };
}

describe.each([1, 4, 7, 64])("products with %i columns", (width) => {
  const [rows, columns] = [9, 23];

  test("are those of the dense matrix", () => {
    const { x, dense } = example(rows, columns);
    const y = tf.tensor2d(draw(columns * width), [columns, width]);
    const z = tf.tensor2d(draw(rows * width), [rows, width]);
    expectClose(sparseProduct(x, y), tf.matMul(dense, y), { relative: 1e-5, absolute: 1e-6 });
    expectClose(transposedSparseProduct(x, z), tf.matMul(dense, z, true), { relative: 1e-5, absolute: 1e-6 });
  });

  test("have the dense matrix' gradients of first and second order", () => {
    const { x, dense } = example(rows, columns);
    const phi = { y: tf.tensor2d(draw(columns * width), [columns, width]) };
    const u = { y: tf.tensor2d(draw(columns * width), [columns, width]) };
    const cubed = (product: (y: tf.Tensor2D) => tf.Tensor2D) => (p: { y?: tf.Tensor }) =>
      tf.sum<tf.Scalar>(tf.pow(product(p.y as tf.Tensor2D), 3));
    const [ours, theirs] = [cubed((y) => sparseProduct(x, y)), cubed((y) => tf.matMul(dense, y))];
    const [a, b] = [ours, theirs].map((f) => tf.grad((y) => f({ y }))(phi.y));
    expectClose(a, b, { relative: 1e-4, absolute: 1e-4 });
    const [c, d] = [ours, theirs].map((f) => secondOrderProducts((p) => f(p), phi, {}, u).phi.y);
    expectClose(c, d, { relative: 1e-4, absolute: 1e-3 });
  });
});

test("shapes that do not fit are refused, and nothing leaks", () => {
  const { x } = example(3, 5);
  const y = tf.ones<tf.Rank.R2>([5, 2]);
  expect(() => transposedSparseProduct(x, y)).toThrow("[3, 5]ᵀ does not fit [5, 2]");
  const before = tf.memory().numTensors;
  for (let i = 0; i < 3; i++) tf.dispose([sparseProduct(x, y)]);
  expect(tf.memory().numTensors).toBe(before);
});
