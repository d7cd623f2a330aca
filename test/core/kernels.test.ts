import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { registerMissingWasmKernels } from "../../lib/core/wasmKernels.js";
import { expectClose } from "../expectClose.js";

let added: string[];
beforeAll(async () => {
  added = await registerMissingWasmKernels();
});

type Case = [name: string, shapes: number[][], f: (...inputs: tf.Tensor[]) => tf.Tensor, range?: Range];
const ids = (...values: number[]) => tf.tensor1d(values, "int32");
const a = [3, 4];

/** Every op whose gradient a reward model, a loss or a weighting may need. */
const CASES: Case[] = [
  ["gather rows, repeated", [a], (x) => tf.gather(x, ids(2, 0, 2, 1))],
  ["gather columns", [a], (x) => tf.gather(x, ids(3, 3), 1)],
  ["unsortedSegmentSum", [a], (x) => tf.unsortedSegmentSum(x, ids(1, 0, 1), 2)],
  ["max", [a], (x) => tf.max(x, 1)],
  ["min", [a], (x) => tf.min(x, 0)],
  ["prod", [a], (x) => tf.prod(x, 1)],
  ["sum", [a], (x) => tf.sum(x, 0)],
  ["mean", [a], (x) => tf.mean(x, 1)],
  ["logSumExp", [a], (x) => tf.logSumExp(x, 1)],
  ["cumsum", [a], (x) => tf.cumsum(x, 1, true, true)],
  ["norm", [a], (x) => tf.norm(x)],
  ["softmax", [a], (x) => tf.softmax(x)],
  ["logSoftmax", [a], (x) => tf.logSoftmax(x)],
  ["softplus", [a], (x) => tf.softplus(x)],
  ["logSigmoid", [a], (x) => tf.logSigmoid(x)],
  ["sigmoid", [a], (x) => tf.sigmoid(x)],
  ["tanh", [a], (x) => tf.tanh(x)],
  ["relu", [a], (x) => tf.relu(x)],
  ["relu6", [a], (x) => tf.relu6(x)],
  ["elu", [a], (x) => tf.elu(x)],
  ["selu", [a], (x) => tf.selu(x)],
  ["leakyRelu", [a], (x) => tf.leakyRelu(x, 0.1)],
  ["prelu", [a, [4]], (x, slope) => tf.prelu(x, slope)],
  ["erf", [a], (x) => tf.erf(x)],
  ["exp", [a], (x) => tf.exp(x)],
  ["expm1", [a], (x) => tf.expm1(x)],
  ["log", [a], (x) => tf.log(x), [0.5, 2]],
  ["log1p", [a], (x) => tf.log1p(x), [0.5, 2]],
  ["sqrt", [a], (x) => tf.sqrt(x), [0.5, 2]],
  ["rsqrt", [a], (x) => tf.rsqrt(x), [0.5, 2]],
  ["reciprocal", [a], (x) => tf.reciprocal(x), [0.5, 2]],
  ["square", [a], (x) => tf.square(x)],
  ["abs", [a], (x) => tf.abs(x)],
  ["neg", [a], (x) => tf.neg(x)],
  ["sin", [a], (x) => tf.sin(x)],
  ["cos", [a], (x) => tf.cos(x)],
  ["add, broadcast", [a, [4]], (x, y) => tf.add(x, y)],
  ["sub, broadcast", [a, [3, 1]], (x, y) => tf.sub(x, y)],
  ["mul, broadcast", [a, [4]], (x, y) => tf.mul(x, y)],
  ["div, broadcast", [a, [4]], (x, y) => tf.div(x, y), [0.5, 2]],
  ["pow", [a, a], (x, y) => tf.pow(x, y), [0.5, 2]],
  ["maximum", [a, a], (x, y) => tf.maximum(x, y)],
  ["minimum", [a, a], (x, y) => tf.minimum(x, y)],
  ["squaredDifference", [a, a], (x, y) => tf.squaredDifference(x, y)],
  ["where", [a, a], (x, y) => tf.where(tf.tensor2d([1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1], [3, 4], "bool"), x, y)],
  ["clipByValue", [a], (x) => tf.clipByValue(x, -0.5, 0.5)],
  ["addN", [a, a, a], (...xs) => tf.addN(xs)],
  ["matMul", [a, [4, 2]], (x, y) => tf.matMul(x, y)],
  ["matMul, transposed", [a, [2, 3]], (x, y) => tf.matMul(x, y, true, true)],
  [
    "matMul, batched",
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    (x, y) => tf.matMul(x, y),
  ],
  ["dot", [[4], [4]], (x, y) => tf.dot(x, y)],
  ["outerProduct", [[3], [4]], (x, y) => tf.outerProduct(x as tf.Tensor1D, y as tf.Tensor1D)],
  ["fused matMul", [a, [4, 2], [2]], (x, y, bias) => tf.fused.matMul({ a: x, b: y, bias, activation: "relu" })],
  ["reshape", [a], (x) => tf.reshape(x, [2, 6])],
  ["transpose", [[2, 3, 4]], (x) => tf.transpose(x, [2, 0, 1])],
  ["expandDims, squeeze", [a], (x) => tf.squeeze(tf.expandDims(x, 1))],
  ["broadcastTo", [[4]], (x) => tf.broadcastTo(x, [3, 4])],
  ["tile", [a], (x) => tf.tile(x, [2, 3])],
  [
    "pad",
    [a],
    (x) =>
      tf.pad(x, [
        [1, 0],
        [2, 1],
      ]),
  ],
  ["concat", [a, [2, 4]], (...xs) => tf.concat(xs as tf.Tensor2D[])],
  ["stack", [a, a], (...xs) => tf.stack(xs, 1)],
  ["unstack", [a], (x) => tf.mul(...(tf.unstack(x).slice(0, 2) as [tf.Tensor, tf.Tensor]))],
  ["split", [a], (x) => tf.mul(...(tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor]))],
  ["slice", [a], (x) => tf.slice(x, [1, 0], [2, 3])],
  ["reverse", [a], (x) => tf.reverse(x, 1)],
  ["cast", [a], (x) => tf.mul(x, tf.cast(ids(0, 1, 1, 2), "float32"))],
  ["oneHot product", [a], (x) => tf.matMul(tf.oneHot(ids(2, 0, 2), 3), x)],
  [
    "conv2d",
    [
      [1, 5, 5, 2],
      [3, 3, 2, 3],
    ],
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"),
  ],
  [
    "depthwiseConv2d",
    [
      [1, 5, 5, 2],
      [3, 3, 2, 1],
    ],
    (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"),
  ],
  ["avgPool", [[1, 4, 4, 2]], (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, "valid")],
  ["maxPool", [[1, 4, 4, 2]], (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid")],
  ["maxPool of negative numbers", [[1, 4, 4, 1]], (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"), [-2, -1]],
  ["maxPool3d of negative numbers", [[1, 2, 4, 4, 1]], (x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, "valid"), [-2, -1]],
  ["resizeBilinear", [[1, 4, 4, 2]], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [6, 6])],
  ["batchNorm", [a, [4], [4], [4], [4]], (x, m, v, offset, scale) => tf.batchNorm(x, m, v, offset, scale), [0.5, 2]],
];

/** Ops without a gradient in TensorFlow.js. */
const FORWARD: Case[] = [
  ["gatherND", [a], (x) => tf.gatherND(x, tf.tensor2d([0, 1, 2, 3], [2, 2], "int32"))],
  ["einsum", [a, [4, 2]], (x, y) => tf.einsum("ij,jk->ik", x, y)],
  [
    "mirrorPad",
    [a],
    (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 1],
          [1, 1],
        ],
        "reflect",
      ),
  ],
  ["topk", [a], (x) => tf.topk(x, 2).values],
  ["argMax", [a], (x) => tf.argMax(x, 1)],
  ["stridedSlice", [a], (x) => tf.stridedSlice(x, [0, 0], [3, 4], [2, 2])],
  ["greater, cast", [a, a], (x, y) => tf.cast(tf.greater(x, y), "float32")],
  ["isNaN, logicalNot", [a], (x) => tf.logicalNot(tf.isNaN(tf.sqrt(x)))],
  ["any, all", [a], (x) => tf.logicalAnd(tf.any(tf.less(x, 0), 1), tf.all(tf.less(x, 9), 1))],
  ["range", [], () => tf.range(0, 5)],
];

type Range = [low: number, high: number];

function inputs(name: string, shapes: number[][], [low, high]: Range = [-1.5, 1.5]): tf.Tensor[] {
  const draw = random(name);
  const values = (size: number) => Array.from({ length: size }, () => low + (high - low) * draw.next());
  return shapes.map((shape) => tf.tensor(values(tf.util.sizeFromShape(shape)), shape));
}

const numbers = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

/** Value of f and gradients of Σ c·f with fixed unequal c, so that no gradient is trivially constant. */
function withGradients([name, shapes, f, range]: Case): number[][] {
  return tf.tidy(() => {
    const xs = inputs(name, shapes, range);
    const value = f(...xs);
    const c = tf.reshape(tf.linspace(0.5, 1.5, value.size), value.shape);
    const gradients = tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(f(...xs), c)))(xs);
    return [value, ...gradients].map(numbers);
  });
}

function valueOnly([name, shapes, f, range]: Case): number[][] {
  return tf.tidy(() => [numbers(f(...inputs(name, shapes, range)))]);
}

/** The same numbers on both backends, and no tensor or data left on either. */
async function compare(evaluate: () => number[][]): Promise<void> {
  await tf.setBackend("cpu");
  const expected = evaluate();
  await tf.setBackend("wasm");
  const counts = () => [
    tf.memory().numTensors,
    tf.memory().numDataBuffers,
    tf.backend().numDataIds(),
    tf.findBackend("cpu").numDataIds(),
  ];
  const before = counts();
  const got = evaluate();
  expect(counts()).toEqual(before);
  expect(got.length).toBe(expected.length);
  got.forEach((values, i) => expectClose(values, expected[i], { relative: 1e-5, absolute: 1e-5 }));
}

test.each(CASES)("%s: value and gradient as on cpu", (...row) => compare(() => withGradients(row)));
test.each(FORWARD)("%s: value as on cpu", (...row) => compare(() => valueOnly(row)));

test("UnsortedSegmentSum is among the kernels added, and a second call adds none", async () => {
  expect(added).toContain("UnsortedSegmentSum");
  expect(await registerMissingWasmKernels()).toEqual([]);
});

test("no kernel that a gradient is registered for is missing on wasm, complex numbers aside", () => {
  const kernels = tf.getKernelsForBackend("cpu").map(({ kernelName }) => kernelName);
  const missing = kernels.filter((name) => tf.getGradient(name) && !tf.getKernel(name, "wasm"));
  expect(missing).toEqual([tf.ComplexAbs]);
});

test("an error of a borrowed kernel leaves nothing behind", async () => {
  await tf.setBackend("wasm");
  const before = tf.findBackend("cpu").numDataIds();
  const x = tf.ones([3]);
  const segments = ids(0, 1, 2);
  expect(() =>
    tf.engine().runKernel("UnsortedSegmentSum", { x, segmentIds: segments }, { numSegments: "two" }),
  ).toThrow();
  expect(tf.findBackend("cpu").numDataIds()).toBe(before);
  tf.dispose([x, segments]);
});

test("a product's right operand may come back in another shape", async () => {
  for (const name of ["cpu", "wasm"]) {
    await tf.setBackend(name);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2, 3, 4, 5, 6]);
      expectClose(tf.matMul(tf.ones([1, 3]), tf.reshape(x, [3, 2])), [9, 12]);
      for (let i = 0; i < 2; i++) expectClose(tf.matMul(tf.ones([1, 2]), tf.reshape(x, [2, 3])), [5, 7, 9]);
      const fused = tf.fused.matMul({ a: tf.ones([1, 2]), b: tf.reshape(x, [2, 3]), activation: "relu" });
      expectClose(fused, [5, 7, 9]);
      expectClose(tf.matMul(tf.ones([1, 3]), tf.reshape(x, [3, 2])), [9, 12]);
      expectClose(tf.matMul(tf.ones([1, 1]), tf.reshape(x, [1, 6])), [1, 2, 3, 4, 5, 6]);
    });
    expect(tf.memory().numTensors).toBe(before);
  }
});

test("a one-hot tensor holds ones", async () => {
  await tf.setBackend("wasm");
  tf.tidy(() =>
    expectClose(
      tf.oneHot(ids(2, 0), 3, 1, 0, "float32"),
      [
        [0, 0, 1],
        [1, 0, 0],
      ].flat(),
    ),
  );
});
