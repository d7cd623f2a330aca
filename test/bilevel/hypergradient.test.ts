import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { hypergradient, type HypergradientOptions } from "../../lib/bilevel/hypergradient/hypergradient.js";
import { useBackend } from "../../lib/core/backend.js";
import { type Params, valueAndGrads } from "../../lib/core/tree.js";
import { centralDifference, expectClose } from "../expectClose.js";
import { type KnownProblem, logistic, ridge, twoDomains } from "./problems.js";

beforeAll(() => useBackend());

const methods: HypergradientOptions[] = [{ method: "dot" }, { method: "darts" }, { method: "darts", radius: 0.1 }];
const problems: KnownProblem[] = [ridge, logistic, twoDomains];

function at({ problem, phi, alpha }: KnownProblem): {
  point: Parameters<typeof hypergradient<null>>[1];
  vector: Params;
} {
  const [phiTree, alphaTree] = [{ v: tf.tensor1d(phi) }, { v: tf.tensor1d(alpha) }];
  const vector = valueAndGrads((p) => problem.upper(p, alphaTree, null), phiTree).grads;
  return { point: { problem, phi: phiTree, alpha: alphaTree, batch: null, vector }, vector };
}

describe.each(problems)("$name", (known) => {
  test.each(methods)("%o is −∂²L/∂α∂φ · v in closed form", (options) => {
    const { point } = at(known);
    if (options.method === "dot" && known.problem.weighted === undefined) {
      expect(() => hypergradient(options, point)).toThrow(/needs a problem with `weighted`.*darts/);
      return;
    }
    expectClose(hypergradient(options, point).v, known.identityHessian(known.phi, known.alpha), { relative: 1e-3 });
  });

  test("the closed form agrees with central differences of ⟨∇_φ L_lower, v⟩ in α", () => {
    const { vector } = at(known);
    const v = Array.from(vector.v.dataSync());
    const product = (alpha: number[]) =>
      tf.tidy(() => {
        const lower = (p: Params) => known.problem.lower(p, { v: tf.tensor1d(alpha) }, null);
        const gradient = valueAndGrads(lower, { v: tf.tensor1d(known.phi) }).grads.v.dataSync();
        return v.reduce((sum, x, i) => sum + x * gradient[i], 0);
      });
    const numeric = centralDifference(product, known.alpha).map((x) => -x);
    expectClose(numeric, known.identityHessian(known.phi, known.alpha), { relative: 2e-3 });
  });
});

test("neither method keeps tensors", () => {
  const { point } = at(ridge);
  for (const options of methods) {
    const before = tf.memory().numTensors;
    tf.dispose(hypergradient(options, point));
    expect(tf.memory().numTensors).toBe(before);
  }
});
