import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { globalNorm } from "../../lib/core/norm.js";
import { axpy, dotTree, fromPlain, mapTree, toPlain, valueAndGrads } from "../../lib/core/tree.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const tree = () => ({ a: tf.tensor1d([3, 4]), b: tf.tensor2d([[12]]) });

test("axpy, inner product and global norm are those of the concatenated vector", () => {
  expectClose(axpy(2, tree(), tree()).a, [9, 12]);
  expectClose(dotTree(tree(), axpy(1, tree(), tree())), 2 * 169);
  expectClose(globalNorm(tree()), 13);
});

test("a tree that lacks a tensor is refused by name", () => {
  expect(() => mapTree((x) => x, tree(), { a: tf.scalar(1) })).toThrow(/no tensor "b"; it has: a/);
});

test("plain and back is the identity", () => {
  expect(toPlain(fromPlain(toPlain(tree())))).toEqual(toPlain(tree()));
});

test("gradients of ½‖a‖² + 0·b: a, and zero where nothing depends on the tensor", () => {
  const { value, grads } = valueAndGrads(({ a }) => tf.mul(0.5, tf.sum(tf.square(a))), tree());
  expectClose(value, 12.5);
  expectClose(grads.a, [3, 4]);
  expectClose(grads.b, [0]);
});
