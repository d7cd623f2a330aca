import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { secondOrderProducts } from "../../lib/core/secondOrder.js";
import * as twice from "../../lib/core/twice.js";
import { expectClose } from "../expectClose.js";
import { expectFirstOrder, expectSecondOrder, type Formula, type Operation } from "./products.js";

beforeAll(() => useBackend());

type Case = readonly [name: string, op: Operation, formula: Formula, x: number[]];

const sigma = (x: number) => 1 / (1 + Math.exp(-x));
/** Maclaurin series, for |x| < 3 */
const erf = (x: number) => {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
};
const each =
  (f: (x: number) => number): Formula =>
  (x) =>
    x.map(f);
/** a function of rows of three, row by row */
const rows =
  (f: (row: number[]) => number[]): Formula =>
  (x) =>
    [x.slice(0, 3), x.slice(3)].flatMap(f);
const asRows =
  (op: (x: tf.Tensor2D) => tf.Tensor): Operation =>
  (x) =>
    op(tf.reshape(x, [2, 3]));
const total = (x: number[]) => x.reduce((sum, value) => sum + value, 0);
const softmax = (x: number[]) => x.map((value) => Math.exp(value) / total(x.map(Math.exp)));
const logSumExp = (x: number[]) => Math.log(total(x.map(Math.exp)));
const columns =
  (f: (column: number[]) => number): Formula =>
  (x) =>
    [0, 1, 2].map((j) => f([x[j], x[j + 3]]));

const plain = [-2.1, -0.6, 0.35, 0.8, 1.7, 2.6];
const positive = [0.2, 0.5, 1, 1.8, 3, 4.5];

const cases: Case[] = [
  ["sigmoid", twice.sigmoid, each(sigma), plain],
  ["tanh", twice.tanh, each(Math.tanh), plain],
  ["exp", twice.exp, each(Math.exp), plain],
  ["softplus", twice.softplus, each((x) => Math.log1p(Math.exp(x))), plain],
  ["softmax", asRows(twice.softmax), rows(softmax), plain],
  ["logSoftmax", asRows(twice.logSoftmax), rows((x) => x.map((value) => value - logSumExp(x))), plain],
  ["logSumExp", asRows(twice.logSumExp), rows((x) => [logSumExp(x)]), plain],
  ["leakyRelu", (x) => twice.leakyRelu(x), each((x) => (x > 0 ? x : 0.2 * x)), plain],
  ["leakyRelu, slope given", (x) => twice.leakyRelu(x, 0.01), each((x) => (x > 0 ? x : 0.01 * x)), plain],
  ["gelu", twice.gelu, each((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))), plain],
  ["clip", (x) => twice.clip(x, -1, 2), each((x) => Math.min(Math.max(x, -1), 2)), plain],
  ["max", asRows(twice.max), rows((x) => [Math.max(...x)]), plain],
  ["max over rows", asRows((x) => twice.max(x, 0)), columns((x) => Math.max(...x)), plain],
  ["min", asRows(twice.min), rows((x) => [Math.min(...x)]), plain],
  ["sqrtFlatAtZero", twice.sqrtFlatAtZero, each(Math.sqrt), positive],
];

describe.each(cases)("%s", (_name, op, formula, x) => {
  test("value and first order", () => expectFirstOrder(op, formula, x));
  test("second order", () => expectSecondOrder(op, formula, x));
  test("composed with itself in a sum of products, second order", () =>
    expectSecondOrder(
      (x) => tf.mul(op(tf.mul(x, x)), op(x)),
      (x) => formula(x.map((value) => value * value)).map((y, i) => y * formula(x)[i]),
      x.map((value) => 0.6 * value),
      2e-4,
    ));
});

test("every operation of the file is in the table", () => {
  const tested = new Set(cases.map(([name]) => name.split(/[ ,]/)[0]));
  // `linear` makes operations: core/sparse has those and their test
  const others = ["isTwiceDifferentiable", "detached", "linear"];
  const exported = Object.keys(twice).filter((name) => !others.includes(name));
  expect([...tested].sort()).toEqual(exported.sort());
});

/** gradient of Σ f and the Hessian-vector product with ones */
function orders(f: (x: tf.Tensor) => tf.Tensor, x: number[]) {
  const ones = { x: tf.ones([x.length]) };
  return {
    first: tf.grad((x: tf.Tensor) => tf.sum(f(x)))(tf.tensor1d(x)),
    second: secondOrderProducts((phi) => tf.sum(f(phi.x)), { x: tf.tensor1d(x) }, {}, ones).phi.x,
  };
}

describe("where the formula has a corner", () => {
  test("leakyRelu takes the slope of the left at 0", () => {
    expectClose(orders((x) => twice.leakyRelu(x, 0.1), [0, 1]).first, [0.1, 1]);
  });

  test("clip keeps the derivative at its bounds", () => {
    expectClose(orders((x) => twice.clip(x, -1, 2), [-1.1, -1, 0, 2, 2.1]).first, [0, 1, 1, 1, 0]);
  });

  test("equal largest entries share the derivative", () => {
    expectClose(orders(twice.max, [3, 1, 3]).first, [0.5, 0, 0.5]);
    expectClose(orders(twice.min, [1, 1, 4]).first, [0.5, 0.5, 0]);
  });

  test("the root is flat at 0 and itself elsewhere, in both orders", () => {
    const { first, second } = orders(twice.sqrtFlatAtZero, [0, 4]);
    expectClose(first, [0, 0.25]);
    expectClose(second, [0, -1 / 32]);
  });
});

test.each([
  ["sigmoid", twice.sigmoid],
  ["tanh", twice.tanh],
  ["softplus", twice.softplus],
  ["softmax", twice.softmax],
  ["logSoftmax", twice.logSoftmax],
  ["logSumExp", twice.logSumExp],
] as const)("%s has finite derivatives at ±100", (_name, op) => {
  const { first, second } = orders((x) => tf.square(op(x)), [-100, 0, 100]);
  expect([...first.dataSync(), ...second.dataSync()].every(Number.isFinite)).toBe(true);
});

test("what is detached has its value and no derivative, in both orders", () => {
  const { first, second } = orders(
    (x) =>
      tf.square(
        tf.mul(
          x,
          twice.detached(() => tf.square(x)),
        ),
      ),
    [2, -3],
  ); // x²k², k = x²
  expectClose(first, [2 * 2 * 16, 2 * -3 * 81]);
  expectClose(second, [2 * 16, 2 * 81]);
});

test("neither order keeps tensors", () => {
  for (const [, op, , x] of cases) {
    const before = tf.memory().numTensors;
    tf.tidy(() => void orders((x) => tf.square(op(x as tf.Tensor1D)), x));
    expect(tf.memory().numTensors).toBe(before);
  }
});
