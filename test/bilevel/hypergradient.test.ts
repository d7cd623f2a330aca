import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import {
  checkHypergradient,
  hypergradient,
  hypergradientMethods,
} from "../../lib/bilevel/hypergradient/hypergradient.js";
import type { HypergradientOptions } from "../../lib/bilevel/hypergradient/hypergradient.js";
import { useBackend } from "../../lib/core/backend.js";
import { scaleTree, valueAndGrads } from "../../lib/core/tree.js";
import { centralDifference, expectClose } from "../expectClose.js";
import {
  at,
  type EngineRun,
  type KnownProblem,
  logistic,
  problems,
  ridge,
  throughEngine,
  twoDomains,
} from "./problems.js";
import { argmin, conjugateGradient, identityHessian, implicit, neumann, unroll } from "./reference.js";
import type { PlainProblem } from "./reference.js";

beforeAll(() => useBackend());

type Expected = (plain: PlainProblem, phi: number[], alpha: number[]) => number[];
/** method, its value in double precision, relative tolerance */
type Row = readonly [options: HypergradientOptions, expected: Expected, relative: number];

const closedForms: Row[] = [
  [{ method: "dot" }, identityHessian, 1e-5],
  [{ method: "darts" }, identityHessian, 2e-3],
  [{ method: "darts", radius: 0.1 }, identityHessian, 3e-3],
  [{ method: "neumann", terms: 0 }, identityHessian, 1e-5],
  [{ method: "neumann", terms: 3, stepSize: 0.4 }, (...point) => neumann(...point, 3, 0.4), 1e-4],
  [{ method: "neumann", terms: 400, stepSize: 0.8 }, implicit, 1e-3],
  [{ method: "conjugateGradient", iterations: 1 }, (...point) => conjugateGradient(...point, 1), 1e-4],
  [
    { method: "conjugateGradient", iterations: 1, damping: 0.5 },
    (...point) => conjugateGradient(...point, 1, 0.5),
    1e-4,
  ],
  [{ method: "conjugateGradient", iterations: 3 }, implicit, 1e-3],
  [{ method: "conjugateGradient", iterations: 3, damping: 0.5 }, (...point) => implicit(...point, 0.5), 1e-4],
  [{ method: "conjugateGradient" }, implicit, 1e-3],
  [{ method: "implicit" }, implicit, 1e-4],
  [{ method: "implicit", damping: 0.5 }, (...point) => implicit(...point, 0.5), 1e-4],
];

const sgd = { optimizer: { kind: "sgd" }, learningRate: 0.3 } as const;
const looped: (readonly [HypergradientOptions, (known: KnownProblem) => number[], number])[] = [
  [
    { method: "unrolled" },
    ({ plain, phi, alpha }) =>
      centralDifference((a) => plain.upper(unroll(plain, phi, a, { updates: 4, level: sgd }).phi), alpha, 1e-5),
    1e-4,
  ],
  [
    { method: "sama", radius: 0.1 },
    ({ plain, phi, alpha }) => identityHessian(plain, unroll(plain, phi, alpha, { updates: 4, level: sgd }).phi, alpha),
    1e-3,
  ],
];

describe.each(problems)("$name", (known) => {
  const { plain, phi, alpha } = known;
  const best = argmin(plain, phi, alpha);

  test.each(closedForms)("%o", (options, expected, relative) => {
    if (options.method === "dot" && known.problem.weighted === undefined) {
      expect(() => at(known, options, phi, alpha)).toThrow(/"dot" needs a problem with `weighted`.*darts/);
      return;
    }
    for (const point of [phi, best]) {
      expectClose(at(known, options, point, alpha), expected(plain, point, alpha), { relative });
    }
  });

  test.each(looped)("%o through four updates", async (hypergradient, expected, relative) => {
    const run: EngineRun = { hypergradient, lower: sgd, unrollSteps: 4 };
    expectClose(await throughEngine(known, run), expected(known), { relative });
  });

  test("at φ*(α) the implicit one is the derivative of the upper loss of the lower problem solved again", () => {
    const exact = centralDifference((a) => plain.upper(argmin(plain, phi, a)), alpha, 1e-5);
    expectClose(implicit(plain, best, alpha), exact, { relative: 1e-6 });
    expectClose(at(known, { method: "implicit" }, best, alpha), exact, { relative: 1e-4 });
    expectClose(at(known, { method: "conjugateGradient", iterations: 3 }, best, alpha), exact, { relative: 1e-3 });
  });

  test("the closed forms agree with central differences of the library's own losses", () => {
    const v = plain.upperGradient(phi);
    const product = (alpha: number[]) =>
      tf.tidy(() => {
        const lower = (p: { v: tf.Tensor }) => known.problem.lower(p, { v: tf.tensor1d(alpha) }, null);
        const gradient = valueAndGrads((p) => lower(p as { v: tf.Tensor }), { v: tf.tensor1d(phi) }).grads.v.dataSync();
        return v.reduce((sum, x, i) => sum + x * gradient[i], 0);
      });
    const numeric = centralDifference(product, alpha).map((x) => -x);
    expectClose(numeric, identityHessian(plain, phi, alpha), { relative: 2e-3 });
  });
});

test("every method there is is in the tables", () => {
  const tested = [...closedForms, ...looped].map(([{ method }]) => method);
  expect(new Set(tested)).toEqual(new Set(hypergradientMethods));
});

test("darts tends to dot with the square of its radius", () => {
  const dot = at(logistic, { method: "dot" }, logistic.phi, logistic.alpha);
  const error = (radius: number) => {
    const darts = at(logistic, { method: "darts", radius }, logistic.phi, logistic.alpha);
    return Math.max(...darts.map((x, i) => Math.abs(x - dot[i])));
  };
  expect(error(2) / error(1)).toBeGreaterThan(3);
  expect(error(2) / error(1)).toBeLessThan(5);
  expect(error(1) / error(0.5)).toBeGreaterThan(3);
});

describe("scaling the lower loss, and the damping with it, changes nothing in H⁻¹ and scales the rest", () => {
  const scaled = (known: KnownProblem, factor: number): KnownProblem => {
    const { lower, ...rest } = twoDomains.problem;
    return { ...known, problem: { ...rest, lower: (p, a, b) => tf.tidy(() => tf.mul(lower(p, a, b), factor)) } };
  };
  const { phi, alpha } = twoDomains;
  test.each([1e-3, 1000])("by %f", (factor) => {
    const other = scaled(twoDomains, factor);
    for (const iterations of [1, 2]) {
      const options = (damping: number) => ({ method: "conjugateGradient", iterations, damping }) as const;
      expectClose(at(other, options(0.1 * factor), phi, alpha), at(twoDomains, options(0.1), phi, alpha), {
        relative: 1e-4,
      });
    }
    const one = at(twoDomains, { method: "neumann", terms: 3, stepSize: 0.4 }, phi, alpha);
    expectClose(at(other, { method: "neumann", terms: 3, stepSize: 0.4 / factor }, phi, alpha), one, {
      relative: 1e-4,
    });
    const darts = at(twoDomains, { method: "darts", radius: 0.1 }, phi, alpha).map((x) => x * factor);
    expectClose(at(other, { method: "darts", radius: 0.1 }, phi, alpha), darts, { relative: 1e-3 });
  });
});

test("a weight's hypergradient does not depend on how the row of a zero weight reads", () => {
  const alpha = ridge.alpha.map((w, i) => (i === 2 ? 0 : w));
  const { losses, weights } = ridge.problem.weighted as NonNullable<typeof ridge.problem.weighted>;
  const louder = tf.tensor1d(alpha.map((_, i) => (i === 2 ? 50 : 1)));
  const other: KnownProblem = {
    ...ridge,
    problem: {
      ...ridge.problem,
      weighted: { weights, losses: (p, b) => ({ loss_B: tf.mul(losses(p, b).loss_B, louder) }) },
      lower: (p, a, b) => tf.tidy(() => tf.mul<tf.Scalar>(ridge.problem.lower(p, { v: tf.mul(a.v, louder) }, b), 1)),
    },
  };
  for (const options of [{ method: "dot" }, { method: "implicit" }, { method: "neumann" }] as const) {
    const [a, b] = [ridge, other].map((known) => at(known, options, ridge.phi, alpha));
    const rest = (x: number[]) => x.filter((_, i) => i !== 2);
    expectClose(rest(b), rest(a), { relative: 1e-5 });
    expectClose(b[2], 50 * a[2], { relative: 1e-4 });
  }
});

describe("options are checked", () => {
  test.each([
    [{ method: "dot", radius: 1 }, /hypergradient:[^]*radius/],
    [{ method: "darts", radius: -1 }, /radius: [^]*got -1/],
    [{ method: "neumann", terms: 1.5 }, /terms: [^]*got 1.5/],
    [{ method: "neumann", iterations: 3 }, /iterations/],
    [{ method: "conjugateGradient", damping: -0.1 }, /damping: [^]*got -0.1/],
    [{ method: "unrolled", states: "forget" }, /states: [^]*got "forget"/],
    [{ method: "newton" }, /method: [^]*got "newton"/],
    [{}, /method/],
  ])("%o is refused", (options, message) => {
    expect(() => checkHypergradient(options)).toThrow(message);
  });

  test("those in the tables pass unchanged", () => {
    for (const [options] of closedForms) expect(checkHypergradient(options)).toEqual(options);
  });
});

test("a dense Hessian of more than 4096 parameters is refused, with a way out", () => {
  const phi = { v: tf.zeros([5000]) };
  const point = { problem: ridge.problem, phi, alpha: { v: tf.tensor1d(ridge.alpha) }, batch: null, vector: phi };
  expect(() => hypergradient({ method: "implicit" }, point)).toThrow(/5000 parameters.*4096.*conjugateGradient/);
});

test.each(["sama", "unrolled"] as const)("%s without the engine's inner loop is refused", (method) => {
  expect(() => at(ridge, { method }, ridge.phi, ridge.alpha)).toThrow(`"${method}" needs`);
});

test("no method keeps tensors", () => {
  const { problem } = ridge;
  const [phi, alpha] = [ridge.phi, ridge.alpha].map((values) => ({ v: tf.tensor1d(values) }));
  const point = { problem, phi, alpha, batch: null, vector: scaleTree(2, phi) };
  for (const [options] of closedForms) {
    const before = tf.memory().numTensors;
    tf.dispose(tf.tidy(() => hypergradient(options, point)));
    expect(tf.memory().numTensors).toBe(before);
  }
});
