import * as tf from "@tensorflow/tfjs-core";
import { type BilevelOptions, solveBilevel } from "../../lib/bilevel/engine.js";
import { hypergradient, type HypergradientOptions } from "../../lib/bilevel/hypergradient/hypergradient.js";
import { type BilevelProblem, weightedProblem } from "../../lib/bilevel/problem.js";
import { type Params, valueAndGrads } from "../../lib/core/tree.js";
import { random } from "../../lib/core/random.js";
import { add, inner, type PlainProblem } from "./reference.js";

/** row indices; all rows for null */
type Rows = tf.Tensor1D | null;

/** A bilevel problem with the same in plain numbers, and a point. */
export interface KnownProblem {
  readonly name: string;
  readonly problem: BilevelProblem<Rows, null>;
  readonly plain: PlainProblem;
  readonly phi: number[];
  readonly alpha: number[];
}

const tree = (values: number[]): Params => ({ v: tf.tensor1d(values) });
const draw = (seed: string, size: number) => {
  const stream = random(seed);
  return Array.from({ length: size }, () => stream.normal());
};
const rowsOf = (count: number, width: number, flat: number[]) =>
  Array.from({ length: count }, (_, i) => flat.slice(i * width, (i + 1) * width));

interface LinearModel {
  readonly name: string;
  /** ℓ(prediction, target), its first and its second derivative in the prediction */
  readonly losses: (prediction: tf.Tensor1D, target: tf.Tensor1D) => tf.Tensor1D;
  readonly loss: (prediction: number, target: number) => number;
  readonly slope: (prediction: number, target: number) => number;
  readonly curvature: (prediction: number) => number;
  readonly targets: (raw: number[]) => number[];
}

const penalty = 0.3;

/** ℓ_n = ℓ(x_n·φ, y_n) + ½·0.3‖φ‖², one weight per row: seven rows, three parameters. */
function linearModel(model: LinearModel, [n, d] = [7, 3]): KnownProblem {
  const { losses, loss, slope, curvature, targets, name } = model;
  const x = rowsOf(n, d, draw("x", n * d));
  const y = targets(draw("y", n));
  const xMeta = rowsOf(4, d, draw("x meta", 4 * d));
  const yMeta = targets(draw("y meta", 4));
  const [phi, alpha] = [draw("phi", d), draw("alpha", n).map(Math.abs)];
  const predict = (rows: tf.Tensor2D, phi: Params) => tf.dot(rows, phi.v) as tf.Tensor1D;
  const pick = (values: tf.Tensor, rows: Rows) => (rows ? tf.gather(values, rows) : tf.clone(values));
  const problem = weightedProblem<Rows, null>({
    init: () => ({ phi: tree(phi), alpha: tree(alpha) }),
    weighted: {
      losses: (phi, rows) => {
        const prediction_B = predict(pick(tf.tensor2d(x), rows) as tf.Tensor2D, phi);
        const loss_B = losses(prediction_B, pick(tf.tensor1d(y), rows) as tf.Tensor1D);
        return { loss_B: tf.add(loss_B, tf.mul(penalty / 2, tf.sum(tf.square(phi.v)))) };
      },
      weights: (alpha, rows) => pick(alpha.v, rows) as tf.Tensor1D,
    },
    upper: (phi) => tf.tidy(() => tf.mean<tf.Scalar>(losses(predict(tf.tensor2d(xMeta), phi), tf.tensor1d(yMeta)))),
  });
  const rowGradient = (i: number, phi: number[]) =>
    x[i].map((v, j) => v * slope(inner(x[i], phi), y[i]) + penalty * phi[j]);
  const plain: PlainProblem = {
    gradient: (phi, alpha, rows = x.map((_, i) => i)) =>
      rows.map((i) => rowGradient(i, phi).map((g) => (alpha[i] * g) / rows.length)).reduce((a, b) => add(a, b)),
    hessian: (phi, alpha) =>
      phi.map((_, j) =>
        phi.map((_, k) => {
          const entry = (i: number) => curvature(inner(x[i], phi)) * x[i][j] * x[i][k] + (j === k ? penalty : 0);
          return alpha.reduce((sum, weight, i) => sum + (weight * entry(i)) / n, 0);
        }),
      ),
    mixed: (phi) => x.map((_, i) => rowGradient(i, phi).map((g) => g / n)),
    upper: (phi) => xMeta.reduce((sum, row, i) => sum + loss(inner(row, phi), yMeta[i]) / 4, 0),
    upperGradient: (phi) =>
      phi.map((_, j) => xMeta.reduce((sum, row, i) => sum + (slope(inner(row, phi), yMeta[i]) * row[j]) / 4, 0)),
  };
  return { name, problem, plain, phi, alpha };
}

const sigma = (p: number) => 1 / (1 + Math.exp(-p));

export const ridge = linearModel({
  name: "weighted ridge regression",
  losses: (p, y) => tf.mul(0.5, tf.squaredDifference(p, y)),
  loss: (p, y) => (p - y) ** 2 / 2,
  slope: (p, y) => p - y,
  curvature: () => 1,
  targets: (raw) => raw,
});

export const logistic = linearModel({
  name: "weighted logistic regression",
  losses: (p, y) => tf.sub(tf.softplus(p), tf.mul(y, p)),
  loss: (p, y) => Math.log1p(Math.exp(p)) - y * p,
  slope: (p, y) => sigma(p) - y,
  curvature: (p) => sigma(p) * (1 - sigma(p)),
  targets: (raw) => raw.map((v) => (v > 0 ? 1 : 0)),
});

/** lower = ½ Σ_k α_k² Σ_j a_kj(φ_j − c_kj)² (weights enter as squares and no `weighted` is given); upper = ½‖φ − t‖² */
export const twoDomains: KnownProblem = (() => {
  const [a, c] = [
    [[1, 0.5], [0.3, 2]],
    [[1, 0], [-1, 2]],
  ]; // prettier-ignore
  const target = [0.5, 0.5];
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
          const part_K = tf.sum(tf.mul(tf.tensor2d(a), tf.square(tf.sub(phi.v, tf.tensor2d(c)))), 1);
          return tf.mul<tf.Scalar>(0.5, tf.sum(tf.mul(tf.square(alpha.v), part_K)));
        }),
      upper: (phi) => tf.tidy(() => tf.mul<tf.Scalar>(0.5, tf.sum(tf.squaredDifference(phi.v, target)))),
    },
    plain: {
      gradient: (phi, alpha) =>
        phi.map((p, j) => alpha.reduce((sum, w, k) => sum + w * w * a[k][j] * (p - c[k][j]), 0)),
      hessian: (phi, alpha) =>
        phi.map((_, i) => phi.map((_, j) => (i === j ? alpha.reduce((sum, w, k) => sum + w * w * a[k][j], 0) : 0))),
      mixed: (phi, alpha) => alpha.map((w, k) => phi.map((p, j) => 2 * w * a[k][j] * (p - c[k][j]))),
      upper: (phi) => inner(add(phi, target, -1), add(phi, target, -1)) / 2,
      upperGradient: (phi) => add(phi, target, -1),
    },
    phi,
    alpha,
  };
})();

export const problems: readonly KnownProblem[] = [ridge, logistic, twoDomains];

/** The library's hypergradient at a point, on all rows. */
export function at({ problem }: KnownProblem, options: HypergradientOptions, phi: number[], alpha: number[]): number[] {
  return tf.tidy(() => {
    const [phiTree, alphaTree] = [tree(phi), tree(alpha)];
    const vector = valueAndGrads((p) => problem.upper(p, alphaTree, null), phiTree).grads;
    const result = hypergradient(options, { problem, phi: phiTree, alpha: alphaTree, batch: null, vector });
    return Array.from(result.v.dataSync());
  });
}

export interface EngineRun extends Pick<BilevelOptions, "lower" | "gradientAccumulation"> {
  readonly hypergradient: HypergradientOptions;
  readonly unrollSteps: number;
  readonly rows?: ((k: number) => number[] | undefined) | undefined;
}

/** The hypergradient that the engine takes after its first inner loop, read off a large step of α. */
export async function throughEngine({ problem, alpha }: KnownProblem, run: EngineRun): Promise<number[]> {
  const { gradientAccumulation = 1, unrollSteps, rows } = run;
  const source = {
    lower: (k: number) => {
      const own = rows?.(k);
      return own ? tf.tensor1d(own, "int32") : null;
    },
    upper: () => null,
  };
  const learningRate = 1000;
  const solver = solveBilevel(problem, source, {
    iterations: unrollSteps * gradientAccumulation,
    gradientAccumulation,
    lower: run.lower,
    upper: { optimizer: { kind: "sgd" }, learningRate, unrollSteps, hypergradient: run.hypergradient },
  });
  for await (const _ of solver);
  const moved = solver.state().alpha.v.values;
  return alpha.map((before, i) => (Math.fround(before) - moved[i]) / learningRate);
}
