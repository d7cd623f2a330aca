import * as tf from "@tensorflow/tfjs-core";
import type { Formula, Operation } from "./products.js";

export interface KernelCase {
  readonly kernel: string;
  readonly what: string;
  readonly op: Operation;
  /** the same in plain numbers, in row-major order */
  readonly formula: Formula;
  readonly x: number[];
}

const signed = [-1.4, -0.5, 0.3, 0.8, 1.6, 2.2];
const positive = [0.4, 0.7, 1.1, 1.6, 2.3, 3];

const each =
  (f: (x: number) => number): Formula =>
  (x) =>
    x.map(f);
const pick =
  (...order: number[]): Formula =>
  (x) =>
    order.map((i) => x[i]);
/** the first half with the second */
const pairs =
  (f: (a: number, b: number) => number): Formula =>
  (x) =>
    [0, 1, 2].map((i) => f(x[i], x[i + 3]));
const ofHalves =
  (op: (a: tf.Tensor1D, b: tf.Tensor1D) => tf.Tensor): Operation =>
  (x) =>
    op(tf.slice1d(x, 0, 3), tf.slice1d(x, 3, 3));
const square = (x: tf.Tensor) => tf.reshape<tf.Rank.R2>(x, [2, 3]);
/** entry (i, j) of x·y for x [2, 3] and y [3, 2], both the same numbers, or read as transposed */
const gram = (
  x: number[],
  at: (i: number, k: number) => number,
  bt: (k: number, j: number) => number,
  n: number,
  m: number,
) =>
  Array.from({ length: n * n }, (_, ij) =>
    Array.from({ length: m }, (_, k) => x[at(Math.floor(ij / n), k)] * x[bt(k, ij % n)]).reduce((a, b) => a + b),
  );
const row = (i: number, k: number) => 3 * i + k;
const pair = (k: number, j: number) => 2 * k + j;

function one(kernel: string, what: string, op: Operation, formula: Formula, x = signed): KernelCase {
  return { kernel, what, op, formula, x };
}

const erf = (x: number) => {
  let [term, sum] = [x, x];
  for (let n = 1; n < 80; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
};

const long: Formula = (x) => x.map((v, i) => v + x[1 + (i % 3)]);
const middle = (x: tf.Tensor1D) => tf.slice1d(x, 1, 3);

/** At least one case for every operation that `lib/core/secondOrder.ts` lets pass. */
// prettier-ignore
export const kernelCases: KernelCase[] = [
  one("Abs", "|x|", tf.abs, each(Math.abs)),
  one("Add", "x + y", ofHalves(tf.add), pairs((a, b) => a + b)),
  one("Add", "broadcast", (x) => tf.add(square(x), middle(x)), long),
  one("AddN", "of three", (x) => tf.addN([x, tf.square(x), x]), each((v) => 2 * v + v * v)),
  one("BatchMatMul", "x·y", (x) => tf.matMul(square(x), tf.reshape(x, [3, 2])), (x) => gram(x, row, pair, 2, 3)),
  one("BatchMatMul", "x·yᵀ", (x) => tf.matMul(square(x), square(x), false, true),
    (x) => gram(x, row, (k, j) => row(j, k), 2, 3)),
  one("BatchMatMul", "xᵀ·y", (x) => tf.matMul(square(x), square(x), true, false),
    (x) => gram(x, (i, k) => row(k, i), row, 3, 2)),
  one("BatchMatMul", "xᵀ·yᵀ", (x) => tf.matMul(square(x), tf.reshape(x, [3, 2]), true, true),
    (x) => gram(x, (i, k) => row(k, i), (k, j) => pair(j, k), 3, 2)),
  one("Cast", "to float", (x) => tf.cast(x, "float32"), each((v) => v)),
  one("Concat", "along columns", (x) => tf.concat([square(x), square(tf.square(x))], 1),
    (x) => [0, 3].flatMap((i) => [...x.slice(i, i + 3), ...x.slice(i, i + 3).map((v) => v * v)])),
  one("Cos", "cos x", tf.cos, each(Math.cos)),
  one("Cumsum", "along rows", (x) => tf.cumsum(square(x), 1),
    (x) => x.map((_, i) => x.slice(3 * Math.floor(i / 3), i + 1).reduce((a, b) => a + b))),
  one("Cumsum", "exclusive, reverse", (x) => tf.cumsum(x, 0, true, true),
    (x) => x.map((_, i) => x.slice(i + 1).reduce((a, b) => a + b, 0))),
  one("Erf", "erf x", tf.erf, each(erf)),
  one("ExpandDims", "in the middle", (x) => tf.expandDims(square(x), 1), each((v) => v)),
  one("GatherV2", "entries, one twice", (x) => tf.gather(x, tf.tensor1d([4, 0, 4], "int32")), pick(4, 0, 4)),
  one("GatherV2", "columns", (x) => tf.gather(square(x), tf.tensor1d([2, 2, 0], "int32"), 1), pick(2, 2, 0, 5, 5, 3)),
  one("Identity", "a clone", (x) => tf.clone(x), each((v) => v)),
  one("Log", "log x", tf.log, each(Math.log), positive),
  one("Log1p", "log(1 + x)", tf.log1p, each(Math.log1p), positive),
  one("Mean", "over columns", (x) => tf.mean(square(x), 0), pairs((a, b) => (a + b) / 2)),
  one("Multiply", "x·y", ofHalves(tf.mul), pairs((a, b) => a * b)),
  one("Multiply", "broadcast", (x) => tf.mul(square(x), middle(x)), (x) => x.map((v, i) => v * x[1 + (i % 3)])),
  one("Neg", "−x", tf.neg, each((v) => -v)),
  one("Pack", "along columns", (x) => tf.stack([x, tf.square(x)], 1), (x) => x.flatMap((v) => [v, v * v])),
  one("PadV2", "on both sides", (x) => tf.pad(x, [[1, 2]]), (x) => [0, ...x, 0, 0]),
  one("Pow", "x³", (x) => tf.pow(x, 3), each((v) => v ** 3)),
  one("Pow", "x^1.5", (x) => tf.pow(x, 1.5), each((v) => v ** 1.5), positive),
  one("RealDiv", "x/y", ofHalves(tf.div), pairs((a, b) => a / b), positive),
  one("RealDiv", "broadcast", (x) => tf.div(square(x), middle(x)), (x) => x.map((v, i) => v / x[1 + (i % 3)]), positive),
  one("Relu", "max(x, 0)", tf.relu, each((v) => Math.max(v, 0))),
  one("Reshape", "to a matrix", square, each((v) => v)),
  one("Rsqrt", "1/√x", tf.rsqrt, each((v) => 1 / Math.sqrt(v)), positive),
  one("Sin", "sin x", tf.sin, each(Math.sin)),
  one("Slice", "a block", (x) => tf.slice(square(x), [0, 1], [2, 2]), pick(1, 2, 4, 5)),
  one("Softplus", "log(1 + eˣ)", tf.softplus, each((v) => Math.log1p(Math.exp(v)))),
  one("Sqrt", "√x", tf.sqrt, each(Math.sqrt), positive),
  one("Square", "x²", tf.square, each((v) => v * v)),
  one("SquaredDifference", "(x − y)²", ofHalves(tf.squaredDifference), pairs((a, b) => (a - b) ** 2)),
  one("Sub", "x − y", ofHalves(tf.sub), pairs((a, b) => a - b)),
  one("Sub", "broadcast", (x) => tf.sub(middle(x), square(x)), (x) => x.map((v, i) => x[1 + (i % 3)] - v)),
  one("Sum", "over columns", (x) => tf.sum(square(x), 0), pairs((a, b) => a + b)),
  one("Sum", "dimension kept", (x) => tf.sum(square(x), 1, true), (x) => [x[0] + x[1] + x[2], x[3] + x[4] + x[5]]),
  one("Tile", "of rows", (x) => tf.tile(square(x), [2, 1]), (x) => [...x, ...x]),
  one("Tile", "of columns", (x) => tf.tile(square(x), [1, 2]), pick(0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5)),
  one("Transpose", "of a matrix", (x) => tf.transpose(square(x)), pick(0, 3, 1, 4, 2, 5)),
];
