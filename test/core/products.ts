import * as tf from "@tensorflow/tfjs-core";
import { secondOrderProducts } from "../../lib/core/secondOrder.js";
import { centralDifference, expectClose } from "../expectClose.js";

/** An operation on a vector, and the same in plain numbers; outputs in row-major order. */
export type Operation = (x: tf.Tensor1D) => tf.Tensor;
export type Formula = (x: number[]) => number[];

const directionOf = (x: readonly number[]) => x.map((_, i) => 0.7 - 0.45 * i + 0.1 * i * i);
const factorsOf = (values: readonly number[]) => values.map((_, i) => 0.5 + 0.3 * i);

/** Σ a·op(x)², which mixes every entry nonlinearly, whatever op is */
const mixed = (op: Operation, x: tf.Tensor1D, a: tf.Tensor) =>
  tf.tidy(() => tf.sum<tf.Scalar>(tf.mul(a, tf.square(tf.reshape(op(x), [-1])))));
const inNumbers = (formula: Formula, a: readonly number[]) => (x: number[]) =>
  formula(x).reduce((sum, y, i) => sum + a[i] * y * y, 0);

/** Value, and gradient of Σ a·op(x)², against the formula in double precision. */
export function expectFirstOrder(op: Operation, formula: Formula, x: number[], relative = 1e-4): void {
  const a = factorsOf(formula(x));
  expectClose(
    tf.tidy(() => tf.reshape(op(tf.tensor1d(x)), [-1])),
    formula(x),
  );
  const gradient = tf.grad((x: tf.Tensor) => mixed(op, x as tf.Tensor1D, tf.tensor1d(a)))(tf.tensor1d(x));
  expectClose(gradient, centralDifference(inNumbers(formula, a), x, 1e-5), { relative });
}

/** Both products of Σ α·op(φ)² against central differences of the formula in double precision. */
export function expectSecondOrder(op: Operation, formula: Formula, x: number[], relative = 1e-4): void {
  const [u, a] = [directionOf(x), factorsOf(formula(x))];
  const products = secondOrderProducts(
    (phi, alpha) => mixed(op, phi.x as tf.Tensor1D, alpha.a),
    { x: tf.tensor1d(x) },
    { a: tf.tensor1d(a) },
    { x: tf.tensor1d(u) },
  );
  const along = (t: number) => x.map((value, i) => value + t * u[i]);
  const slope = (t: number) => centralDifference(inNumbers(formula, a), along(t), 1e-3);
  const square = (t: number) => formula(along(t)).map((y) => y * y);
  expectClose(products.phi.x, derivative(slope, 1e-3), { relative, absolute: 1e-6 });
  expectClose(products.alpha.a, derivative(square, 1e-5), { relative, absolute: 1e-6 });
}

/** (f(ε) − f(−ε)) / 2ε of a vector of numbers */
function derivative(f: (t: number) => number[], epsilon: number): number[] {
  const [plus, minus] = [f(epsilon), f(-epsilon)];
  return plus.map((value, i) => (value - minus[i]) / (2 * epsilon));
}
