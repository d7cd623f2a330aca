import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { globalNorm } from "../../lib/core/norm.js";
import { type NativeKernels, nativeKernels } from "../../lib/core/nativeKernels.js";
import { random } from "../../lib/core/random.js";
import { sparseInputs, type SparseMatrix, sparseMatrix } from "../../lib/core/sparse.js";
import { axpy, fromPlain, type Params, toPlain, valueAndGrads } from "../../lib/core/tree.js";
import { fusedHead } from "../../lib/model/fusedHead.js";
import { mlpHead } from "../../lib/model/head.js";
import { expectClose } from "../expectClose.js";

const stream = random("native kernels");
let kernels: NativeKernels;

beforeAll(() => useBackend());

beforeEach(({ skip }) => {
  const found = nativeKernels();
  if (found === undefined) skip(`no native kernels on ${tf.getBackend()}: npm run setup:tensorflow builds them`);
  else kernels = found;
});

/** Of normal entries, some rows empty; the same, dense. */
function features(rows: number, columns: number): { x: SparseMatrix; dense: tf.Tensor2D } {
  const [start, column, value]: number[][] = [[0], [], []];
  const dense = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      if (r % 4 === 3 || stream.next() > 0.3) continue;
      dense[r * columns + c] = stream.normal();
      column.push(c);
      value.push(dense[r * columns + c]);
    }
    start.push(column.length);
  }
  const entries = { start: Int32Array.from(start), column: Int32Array.from(column), value: Float32Array.from(value) };
  return { x: sparseMatrix(rows, columns, entries), dense: tf.tensor2d(dense, [rows, columns]) };
}

/** As large entries as make the activation bend. */
const direction = (phi: Params): Params =>
  fromPlain(
    Object.fromEntries(
      Object.entries(toPlain(phi)).map(([name, { shape, values }]) => [
        name,
        { shape, values: values.map(() => stream.normal()) },
      ]),
    ),
  );

describe.each(["tanh", "relu"] as const)("a head with %s", (activation) => {
  test.each([1, 7, 256, 300])("with %i hidden units is that of TensorFlow's operations", (hidden) => {
    const { x, dense } = features(9, 23);
    const phi = direction(mlpHead({ features: 23, hidden }).init(1));
    const head = mlpHead({ features: 23, hidden, activation });
    const fused = fusedHead(activation, phi, x);
    if (fused === undefined) throw new Error("the head was not fused");
    expect(fusedHead(activation, phi, dense)).toBeUndefined();
    const { logit_B, hidden_BH } = head.represent?.(phi, dense) ?? {};
    expectClose(fused.logit_B.clone(), logit_B as tf.Tensor, { absolute: 2e-5 });
    expectClose(fused.hidden_BH.clone(), hidden_BH as tf.Tensor, { absolute: 1e-6 });

    const cotangent_B = tf.tensor1d(Array.from({ length: 9 }, () => stream.normal()));
    const weighted = (p: Params) => tf.sum<tf.Scalar>(tf.mul(head.apply(p, dense), cotangent_B));
    const { grads } = valueAndGrads(weighted, phi);
    const gradient = fused.gradient(cotangent_B);
    expect(Object.keys(gradient).sort()).toEqual(Object.keys(grads).sort());
    for (const name of Object.keys(grads)) {
      expect(gradient[name].shape).toEqual(grads[name].shape);
      expectClose(gradient[name], grads[name], { absolute: 2e-5 });
    }
    const along = direction(phi);
    const exact = head.tangent?.(phi, along, dense).tangent_B as tf.Tensor;
    expectClose(fused.tangent(along), exact, { absolute: 2e-5 });
  });
});

test("tanh is within 3e-7 of the function over its whole range", () => {
  const values = Float32Array.from({ length: 4001 }, (_, i) => ((i - 2000) / 2000) ** 3 * 12);
  const every = values.map((_, i) => i);
  const one = sparseMatrix(4001, 1, {
    start: Int32Array.from([...every, 4001]),
    column: new Int32Array(4001),
    value: values,
  });
  const ones = [tf.ones([1, 1]), tf.zeros([1]), tf.ones([1, 1]), tf.zeros([1])] as const;
  const [hidden_BH, logit_B] = kernels("TanhHead", [...sparseInputs(one), ...ones], 2);
  expectClose(hidden_BH, values.map(Math.tanh), { relative: 0, absolute: 3e-7 });
  const small = Array.from(values.keys()).filter((i) => Math.abs(values[i]) < 0.01 && values[i] !== 0);
  const own = logit_B.dataSync();
  expectClose(small.map((i) => own[i] / Math.tanh(values[i])), small.map(() => 1), { absolute: 3e-7 }); // prettier-ignore
});

test("sums over trees are those of their entries", () => {
  const [x, y] = [{ a: tf.tensor2d([[1, -2], [3, 4]]), b: tf.scalar(5) }, { a: tf.ones([2, 2]), b: tf.scalar(7) }]; // prettier-ignore
  expect(globalNorm(x)).toBeCloseTo(Math.sqrt(55), 5);
  const sums = axpy(-2, x, y);
  expect([Array.from(sums.a.dataSync()), sums.a.shape]).toEqual([
    [-1, 5, -5, -7],
    [2, 2],
  ]);
  expect([Array.from(sums.b.dataSync()), sums.b.shape]).toEqual([[-3], []]);
  expect(Number.isNaN(globalNorm({ a: tf.tensor1d([1, NaN]) }))).toBe(true);
});

test.each(["TanhHead", "ReluHead"])("%s, norms and attention weights let NaN through", (head) => {
  const one = sparseMatrix(1, 1, { start: Int32Array.of(0, 1), column: Int32Array.of(0), value: Float32Array.of(NaN) });
  const phi = [tf.ones([1, 1]), tf.zeros([1]), tf.ones([1, 1]), tf.zeros([1])];
  const [hidden, logit] = kernels(head, [...sparseInputs(one), ...phi], 2);
  const x = tf.tensor2d([[1, NaN]]);
  const [normed] = kernels("RmsNorm", [x, tf.ones([2]), 1e-6], 2);
  const [weights] = kernels("AttentionWeights", [tf.tensor4d([1, NaN, 1, 1], [1, 1, 2, 2]), tf.tensor1d([])], 1);
  const [gated] = kernels("SwiGlu", [x, tf.ones([1, 2])], 1);
  for (const tensor of [hidden, logit, normed, weights, gated]) {
    expect(Array.from(tensor.dataSync()).some(Number.isNaN)).toBe(true);
  }
});

test("sizes that do not fit are refused", () => {
  const { x } = features(5, 11);
  const phi = mlpHead({ features: 12, hidden: 4 }).init(1);
  expect(() => fusedHead("tanh", phi, x)).toThrow("sparse product: [5, 11] does not fit [12, 4]");
  const fitting = { ...mlpHead({ features: 11, hidden: 4 }).init(1), "l2/weight": tf.ones([3, 1]) };
  expect(() => fusedHead("tanh", fitting, x)).toThrow(/input 5 has 3 entries, expected 4/);
  expect(() => kernels("SwiGlu", [tf.ones([4]), tf.ones([5])], 1)).toThrow(/input 1 has 5 entries, expected 4/);
});

test("nothing leaks", () => {
  const { x, dense } = features(5, 11);
  const phi = mlpHead({ features: 11, hidden: 4 }).init(1);
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const fused = fusedHead("tanh", phi, x);
    fused?.gradient(tf.ones([5]));
    fused?.tangent(phi);
    globalNorm(axpy(0.1, phi, phi));
  });
  expect(tf.memory().numTensors).toBe(before);
  dense.dispose();
});
