import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { PROVEN, secondOrderProducts } from "../../lib/core/secondOrder.js";
import type { Params } from "../../lib/core/tree.js";
import * as twice from "../../lib/core/twice.js";
import { expectClose } from "../expectClose.js";
import { expectSecondOrder } from "./products.js";
import { kernelCases } from "./secondOrderKernels.js";

beforeAll(() => useBackend());

describe("operations whose second order is taken on trust", () => {
  test("the table has every one of them, and no other", () => {
    expect(new Set(kernelCases.map(({ kernel }) => kernel))).toEqual(PROVEN);
  });

  test.each(kernelCases)("$kernel: $what", async ({ kernel, op, formula, x }) => {
    const { kernelNames } = await tf.profile(() => op(tf.tensor1d(x)));
    expect(kernelNames).toContain(kernel);
    expectSecondOrder(op, formula, x);
  });
});

const phi = () => ({ x: tf.tensor1d([0.5, -1, 2]) });
const ones = () => ({ x: tf.ones([3]) });
/** ∂²/∂φ² and ∂²/∂α∂φ along ones */
const products = (f: (phi: tf.Tensor1D, alpha: tf.Tensor) => tf.Tensor) =>
  secondOrderProducts(
    (p, a) => tf.tidy(() => tf.sum<tf.Scalar>(f(p.x as tf.Tensor1D, a.a))),
    phi(),
    { a: tf.tensor1d([0.2, 0.4, -0.3]) },
    ones(),
  );

describe("the guard", () => {
  const square = tf.customGrad((x) => ({
    value: tf.square(x as tf.Tensor),
    gradFunc: (dy) => tf.mul(dy, tf.mul(2, x as tf.Tensor)),
  }));
  test.each<[string, RegExp, (x: tf.Tensor1D) => tf.Tensor]>([
    ["tf.sigmoid", /Sigmoid/, tf.sigmoid],
    ["tf.tanh", /Tanh/, tf.tanh],
    ["tf.exp", /Exp/, tf.exp],
    ["tf.softmax", /Softmax/, (x) => tf.softmax(x)],
    ["tf.max", /Max/, (x) => tf.max(x)],
    ["tf.where", /Select/, (x) => tf.where(tf.greater(x, 0), x, tf.mul(x, 2))],
    ["tf.clipByValue", /ClipByValue/, (x) => tf.clipByValue(x, -0.9, 0.9)],
    ["tf.leakyRelu", /LeakyRelu/, (x) => tf.leakyRelu(x, 0.1)],
    ["tf.logSoftmax", /custom gradient/, (x) => tf.logSoftmax(x)],
    ["a user's tf.customGrad", /custom gradient \(tf\.customGrad/, (x) => square(x)],
    ["an operation behind others", /Tanh/, (x) => tf.mul(x, tf.tanh(tf.sum(tf.square(x))))],
    ["a power with φ in the exponent", /Pow/, (x) => tf.pow(2, x)],
  ])("refuses %s by name", (_what, name, op) => {
    expect(() => products((x) => tf.square(op(x)))).toThrow(name);
    expect(() => products((x) => tf.square(op(x)))).toThrow(/core\/twice.*"darts", "dot", "sama"/);
  });

  test.each<[string, (x: tf.Tensor1D) => tf.Tensor]>([
    ["sigmoid", twice.sigmoid],
    ["tanh", twice.tanh],
    ["exp", twice.exp],
    ["softmax", twice.softmax],
    ["max", (x) => twice.max(x)],
    ["clip", (x) => twice.clip(x, -0.9, 0.9)],
    ["leakyRelu", (x) => twice.leakyRelu(x, 0.1)],
    ["logSoftmax", twice.logSoftmax],
  ])("lets %s of core/twice pass", (_what, op) => {
    expect(products((x) => tf.square(op(x))).phi.x.shape).toEqual([3]);
  });

  test("asks nothing of operations that φ does not reach", () => {
    const [x, a] = [
      [0.5, -1, 2],
      [0.2, 0.4, -0.3],
    ];
    // f = Σ exp(α) φ²: ∂²f/∂φ² = 2 exp(α), ∂²f/∂α∂φ·1 = 2 φ exp(α)
    const exact = products((x, a) => tf.mul(tf.exp(a), tf.square(x)));
    expectClose(
      exact.phi.x,
      a.map((a) => 2 * Math.exp(a)),
    );
    expectClose(
      exact.alpha.a,
      a.map((a, i) => 2 * x[i] * Math.exp(a)),
    );
    // f = Σ σ(α)² φ³
    const sigma = (a: number) => 1 / (1 + Math.exp(-a));
    const cubic = products((x, a) => tf.mul(tf.square(tf.sigmoid(a)), tf.pow(x, 3)));
    expectClose(
      cubic.alpha.a,
      a.map((a, i) => 3 * x[i] ** 2 * 2 * sigma(a) ** 2 * (1 - sigma(a))),
    );
  });

  test("but refuses them once φ and α meet before", () => {
    expect(() => products((x, a) => tf.exp(tf.mul(x, a)))).toThrow(/Exp/);
  });

  test("asks nothing of a custom gradient that φ does not reach", () => {
    expectClose(products((x, a) => tf.mul(square(a), x)).alpha.a, [0.4, 0.8, -0.6]);
  });

  test("leaves the engine as it was, also after an error", () => {
    const works = () =>
      tf
        .grad((x: tf.Tensor) => square(x))(tf.scalar(3))
        .dataSync()[0];
    expect(() => products((x) => square(x))).toThrow();
    const fail = () => {
      throw new Error("mine");
    };
    expect(() => products(fail)).toThrow("mine");
    expect(Object.keys(tf.engine())).not.toContain("customGrad");
    expect(works()).toBe(6);
  });
});

test("what f does not depend on has product zero", () => {
  const linear = products((x, a) => tf.add(tf.mul(3, x), tf.square(a)));
  expectClose(linear.phi.x, [0, 0, 0]);
  expectClose(linear.alpha.a, [0, 0, 0]);
});

test("trees of several tensors and shapes: f = Σ (W·x)² α, in closed form", () => {
  const tree: Params = { w: tf.tensor2d([[1, 2]]), x: tf.tensor2d([[3], [-1]]) };
  const u: Params = { w: tf.tensor2d([[0.5, -1]]), x: tf.tensor2d([[2], [1]]) };
  const f = ({ w, x }: Params, { a }: Params) => tf.tidy(() => tf.sum(tf.mul(a, tf.square(tf.matMul(w, x)))));
  const result = secondOrderProducts(f as (p: Params, a: Params) => tf.Scalar, tree, { a: tf.scalar(2) }, u);
  // y = w·x = 1, dy = u_w·x + w·u_x = 2.5 + 4; d(2αy x) = 2α(dy x + y u_x), d(2αy w) = 2α(dy w + y u_w)
  expectClose(result.phi.w, [4 * (6.5 * 3 + 2), 4 * (-6.5 + 1)]);
  expectClose(result.phi.x, [4 * (6.5 + 0.5), 4 * (13 - 1)]);
  expectClose(result.alpha.a, [2 * 6.5]);
});

test("no tensors are kept", () => {
  const before = tf.memory().numTensors;
  tf.tidy(() => void products((x, a) => tf.mul(twice.sigmoid(x), a)));
  const [p, u] = [phi(), ones()];
  tf.dispose(secondOrderProducts((q) => tf.tidy(() => tf.sum<tf.Scalar>(twice.exp(q.x))), p, {}, u));
  tf.dispose([p, u]);
  expect(tf.memory().numTensors).toBe(before);
});
