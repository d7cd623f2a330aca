import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { hypergradient } from "../../lib/bilevel/hypergradient/hypergradient.js";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import { secondOrderProducts } from "../../lib/core/secondOrder.js";
import { mapTree, type Params, toPlain, valueAndGrads } from "../../lib/core/tree.js";
import type { StepBatch } from "../../lib/data/batch.js";
import { linearHead, mlpHead } from "../../lib/model/head.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import type { RewardModel } from "../../lib/model/rewardModel.js";
import { domainTable } from "../../lib/weighting/domainTable.js";
import { instanceNet } from "../../lib/weighting/instanceNet.js";
import { centralDifference, expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const [B, F] = [5, 3];
const draw = (seed: string, size: number) => {
  const stream = random(seed);
  return Array.from({ length: size }, () => stream.normal());
};
const x = draw("features", B * F);
const target = [0.9, 0.1, 0.6, 0, 1];
const domain = [0, 1, 0, 1, 1];
const factor = [0.5, 2, 1, 1.5, 0.7];

function batch(withFactor = false): StepBatch {
  return {
    input: tf.tensor2d(x, [B, F]),
    target_B: tf.tensor1d(target),
    domain_B: tf.tensor1d(domain, "int32"),
    row_B: tf.tensor1d([0, 1, 2, 3, 4], "int32"),
    ...(withFactor && { factor_B: tf.tensor1d(factor) }),
  };
}

const sigma = (z: number) => 1 / (1 + Math.exp(-z));
type Plain = Record<string, number[]>;
const row = (n: number) => x.slice(n * F, (n + 1) * F);
const affine = (x: number[], weight: number[], bias: number[]) =>
  bias.map((b, j) => x.reduce((sum, v, i) => sum + v * weight[i * bias.length + j], b));
const mlp = (f: (v: number) => number) => (phi: Plain, x: number[]) => {
  const hidden = affine(x, phi["l1/weight"], phi["l1/bias"]).map(f);
  return { logit: affine(hidden, phi["l2/weight"], phi["l2/bias"])[0], hidden };
};

const plainOf = (tree: Params): Plain =>
  Object.fromEntries(Object.entries(toPlain(tree)).map(([name, { values }]) => [name, Array.from(values)]));
const moved = (phi: Plain, by: Plain, t: number): Plain =>
  Object.fromEntries(Object.entries(phi).map(([name, v]) => [name, v.map((p, i) => p + t * by[name][i])]));
/** derivative of f along a direction, in double precision */
const along = (f: (phi: Plain) => number, phi: Plain, by: Plain, epsilon = 1e-5) =>
  centralDifference(([t]) => f(moved(phi, by, t)), [0], epsilon)[0];
const unit = (phi: Plain, name: string, i: number): Plain =>
  Object.fromEntries(Object.entries(phi).map(([key, v]) => [key, v.map((_, j) => (key === name && i === j ? 1 : 0))]));

const heads: [string, RewardModel, (phi: Plain, x: number[]) => { logit: number }][] = [
  ["linear", linearHead({ features: F }), (phi, x) => ({ logit: affine(x, phi["head/weight"], phi["head/bias"])[0] })],
  ["tanh", mlpHead({ features: F, hidden: 4 }), mlp(Math.tanh)],
  ["relu", mlpHead({ features: F, hidden: 4, activation: "relu" }), mlp((v) => Math.max(v, 0))],
];

describe.each(heads)("%s head", (_name, prm, byHand) => {
  const trees = () => {
    const phi = prm.init(3);
    return { phi, direction: mapTree((t) => tf.mul(2, t), prm.init(8)) };
  };

  test("tangent: logits and their derivative along a direction", () => {
    const { phi, direction } = trees();
    const [plain, by] = [plainOf(phi), plainOf(direction)];
    const { logit_B, tangent_B } = prm.tangent?.(phi, direction, batch().input) ?? {};
    const logits = target.map((_, n) => byHand(plain, row(n)).logit);
    const slopes = target.map((_, n) => along((p) => byHand(p, row(n)).logit, plain, by));
    expectClose(logit_B ?? [], logits);
    expectClose(tangent_B ?? [], slopes, { relative: 1e-4 });
  });

  test.each(["squaredError", "crossEntropy"] as const)(
    "directional derivatives of %s agree with two backward passes and with central differences",
    (stepLoss) => {
      const problem = prmProblem({ prm, weighting: domainTable(["a", "b"]), stepLoss });
      const { weighted } = problem;
      const { phi, direction } = trees();
      const [plain, by] = [plainOf(phi), plainOf(direction)];
      for (const withFactor of [false, true]) {
        const loss = (n: number) => (p: Plain) => {
          const { logit } = byHand(p, row(n));
          const value =
            stepLoss === "squaredError"
              ? (sigma(logit) - target[n]) ** 2
              : Math.log1p(Math.exp(logit)) - target[n] * logit;
          return withFactor ? factor[n] * value : value;
        };
        const own = weighted?.directional?.(phi, direction, batch(withFactor)).products_B as tf.Tensor1D;
        expectClose(
          tf.clone(own),
          target.map((_, n) => along(loss(n), plain, by)),
          { relative: 1e-4 },
        );
        const alpha = { raw: tf.tensor1d([0.3, -0.6]) };
        const point = { problem, phi, alpha, batch: batch(withFactor), vector: direction };
        const { lower } = problem;
        const backward = { lower, ...(weighted && { weighted: { ...weighted, directional: undefined } }) };
        const fast = hypergradient({ method: "dot" }, point).raw;
        expectClose(fast, hypergradient({ method: "dot" }, { ...point, problem: backward }).raw, { relative: 1e-4 });
      }
    },
  );
});

describe("what φ feels of an instance net's weights", () => {
  const prm = mlpHead({ features: F, hidden: 2 });
  const net = (attached: boolean) =>
    instanceNet({
      inputs: ["label", "score", "loss", "hidden"],
      hiddenSize: 2,
      hiddenDim: 3,
      startEqual: false,
      attached,
    });
  const alphaTree = () => net(false).init(4);
  const model = mlp(Math.tanh);
  const answer = (phi: Plain, n: number) => {
    const { logit, hidden } = model(phi, row(n));
    return { logit, hidden, loss: (sigma(logit) - target[n]) ** 2 };
  };
  const weight = (alpha: Plain, phi: Plain, n: number) => {
    const { logit, hidden, loss } = answer(phi, n);
    const input = [2 * target[n] - 1, 2 * sigma(logit) - 1, loss, ...hidden];
    const y = alpha["l1/bias"].map((b, h) =>
      Math.tanh(input.reduce((s, v, i) => s + v * alpha["l1/weight"][h * 5 + i], b)),
    );
    return 2 * sigma(y.reduce((sum, v, h) => sum + v * alpha["l2/weight"][h], alpha["l2/bias"][0]));
  };
  /** the lower objective, whose weights look at the model with parameters `seen` */
  const lower = (alpha: Plain, phi: Plain, seen: Plain) =>
    target.reduce((sum, _, n) => sum + (weight(alpha, seen, n) * answer(phi, n).loss) / B, 0);

  test.each([false, true])("attached %s: gradient in φ and α", (attached) => {
    const problem = prmProblem({ prm, weighting: net(attached) });
    const [phi, alpha] = [prm.init(2), alphaTree()];
    const [p, a] = [plainOf(phi), plainOf(alpha)];
    const { grads } = valueAndGrads((q) => problem.lower(q, alpha, batch()), phi);
    for (const name of Object.keys(p)) {
      const expected = p[name].map((_, i) => along((q) => lower(a, q, attached ? q : p), p, unit(p, name, i)));
      expectClose(grads[name], expected, { relative: 1e-4, absolute: 1e-7 });
    }
    const inAlpha = valueAndGrads((q) => problem.lower(phi, q, batch()), alpha).grads;
    for (const name of Object.keys(a)) {
      const expected = a[name].map((_, i) => along((q) => lower(q, p, p), a, unit(a, name, i)));
      expectClose(inAlpha[name], expected, { relative: 1e-4, absolute: 1e-7 });
    }
    expect(problem.weighted === undefined).toBe(attached);
  });

  test.each([false, true])("attached %s: second-order products", (attached) => {
    const problem = prmProblem({ prm, weighting: net(attached) });
    const [phi, alpha, u] = [prm.init(2), alphaTree(), prm.init(9)];
    const [p, a, by] = [plainOf(phi), plainOf(alpha), plainOf(u)];
    const products = secondOrderProducts((q, r) => problem.lower(q, r, batch()), phi, alpha, u);
    // ⟨∇_φ lower, u⟩ as a function of φ and α; a detached weight is looked up anew at every φ, but not differentiated
    const slope = (alpha: Plain, phi: Plain) => along((q) => lower(alpha, q, attached ? q : phi), phi, by, 1e-3);
    for (const name of Object.keys(a)) {
      const expected = a[name].map((_, i) => along((q) => slope(q, p), a, unit(a, name, i), 1e-3));
      expectClose(products.alpha[name], expected, { relative: 1e-3, absolute: 1e-6 });
    }
    if (!attached) return;
    for (const name of Object.keys(p)) {
      const expected = p[name].map((_, i) => along((q) => slope(a, q), p, unit(p, name, i), 1e-3));
      expectClose(products.phi[name], expected, { relative: 1e-3, absolute: 1e-6 });
    }
  });
});
