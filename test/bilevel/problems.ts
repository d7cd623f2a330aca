import * as tf from "@tensorflow/tfjs-core";
import { type BilevelProblem, weightedProblem } from "../../lib/bilevel/problem.js";
import type { Params } from "../../lib/core/tree.js";
import { random } from "../../lib/core/random.js";

/** A problem with a point at which its hypergradient is known. */
export interface KnownProblem {
  readonly name: string;
  readonly problem: BilevelProblem<null, null>;
  /** −∂²L_lower/∂α∂φ · ∇_φ L_upper, worked out without the library */
  readonly identityHessian: (phi: number[], alpha: number[]) => number[];
  readonly phi: number[];
  readonly alpha: number[];
}

const tree = (values: number[]): Params => ({ v: tf.tensor1d(values) });
const draw = (seed: string, size: number) => {
  const stream = random(seed);
  return Array.from({ length: size }, () => stream.normal());
};
const rows = (count: number, width: number, flat: number[]) =>
  Array.from({ length: count }, (_, i) => flat.slice(i * width, (i + 1) * width));
const inner = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);

function linearModelProblem(
  name: string,
  losses: (prediction: tf.Tensor1D, target: tf.Tensor1D) => tf.Tensor1D,
  slope: (prediction: number, target: number) => number,
  targets: (raw: number[]) => number[],
): KnownProblem {
  const [n, d] = [7, 3];
  const x = rows(n, d, draw("x", n * d));
  const y = targets(draw("y", n));
  const xMeta = rows(4, d, draw("x meta", 4 * d));
  const yMeta = targets(draw("y meta", 4));
  const [phi, alpha] = [draw("phi", d), draw("alpha", n).map(Math.abs)];
  const predict = (rows: number[][], phi: Params) => tf.dot(tf.tensor2d(rows), phi.v) as tf.Tensor1D;
  const problem = weightedProblem<null, null>({
    init: () => ({ phi: tree(phi), alpha: tree(alpha) }),
    weighted: {
      losses: (phi) => losses(predict(x, phi), tf.tensor1d(y)),
      weights: (alpha) => tf.clone(alpha.v as tf.Tensor1D),
    },
    upper: (phi) => tf.mean(losses(predict(xMeta, phi), tf.tensor1d(yMeta))),
  });
  const rowGradient = (row: number[], target: number, phi: number[]) =>
    row.map((v) => v * slope(inner(row, phi), target));
  const identityHessian = (phi: number[]) => {
    const upper = phi.map((_, j) => xMeta.reduce((sum, row, i) => sum + rowGradient(row, yMeta[i], phi)[j] / 4, 0));
    return x.map((row, i) => -inner(upper, rowGradient(row, y[i], phi)) / n);
  };
  return { name, problem, identityHessian, phi, alpha };
}

/** ℓ_n = ½(x·φ − y)², one weight per row */
export const ridge = linearModelProblem(
  "weighted least squares",
  (p, y) => tf.mul(0.5, tf.squaredDifference(p, y)),
  (p, y) => p - y,
  (raw) => raw,
);

/** ℓ_n = softplus(x·φ) − y·x·φ, one weight per row */
export const logistic = linearModelProblem(
  "weighted logistic regression",
  (p, y) => tf.sub(tf.softplus(p), tf.mul(y, p)),
  (p, y) => 1 / (1 + Math.exp(-p)) - y,
  (raw) => raw.map((v) => (v > 0 ? 1 : 0)),
);

/** lower = ½ a₁²‖φ − c₁‖² + ½ a₂²‖φ − c₂‖² (weights enter as squares and no `weighted` is given); upper = ½‖φ − t‖² */
export const twoDomains: KnownProblem = (() => {
  const [c1, c2, t] = [
    [1, 0],
    [-1, 2],
    [0.5, 0.5],
  ];
  const half = (phi: Params, c: number[]) => tf.mul(0.5, tf.sum(tf.squaredDifference(phi.v, tf.tensor1d(c))));
  const [phi, alpha] = [
    [0.3, 0.8],
    [0.9, 0.4],
  ];
  return {
    name: "two-domain quadratic",
    problem: {
      init: () => ({ phi: tree(phi), alpha: tree(alpha) }),
      lower: (phi, alpha) =>
        tf.tidy(() => {
          const squares = tf.square(alpha.v);
          const parts = tf.stack([half(phi, c1), half(phi, c2)]);
          return tf.sum<tf.Scalar>(tf.mul(squares, parts));
        }),
      upper: (phi) => tf.tidy(() => half(phi, t) as tf.Scalar),
    },
    identityHessian: (phi, alpha) => {
      const upper = phi.map((p, j) => p - t[j]);
      return [c1, c2].map(
        (c, k) =>
          -2 *
          alpha[k] *
          inner(
            upper,
            phi.map((p, j) => p - c[j]),
          ),
      );
    },
    phi,
    alpha,
  };
})();
