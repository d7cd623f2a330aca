import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { LevelOptions } from "../../lib/bilevel/level.js";
import { useBackend } from "../../lib/core/backend.js";
import { centralDifference, expectClose } from "../expectClose.js";
import { type KnownProblem, logistic, problems, ridge, throughEngine, twoDomains } from "./problems.js";
import { argmin, identityHessian, implicit, inner, type PlainLoop, unroll } from "./reference.js";

beforeAll(() => useBackend());

/** dL_upper(φ_T)/dα by central differences of the whole inner loop */
const exact = ({ plain, phi, alpha }: KnownProblem, loop: PlainLoop) =>
  centralDifference((a) => plain.upper(unroll(plain, phi, a, loop).phi), alpha, 1e-5);
const store = { method: "unrolled" } as const;
const recompute = { method: "unrolled", states: "recompute" } as const;

const three = (k: number) => [k % 7, (k + 2) % 7, (2 * k + 5) % 7];
const sgd: LevelOptions = { optimizer: { kind: "sgd" }, learningRate: 0.3 };
const momentum: LevelOptions = {
  optimizer: { kind: "sgd", momentum: 0.8, weightDecay: 0.1 },
  learningRate: 0.2,
  schedule: { kind: "stepLR", stepSize: 1, gamma: 0.8 },
};
const adamw: LevelOptions = {
  optimizer: { kind: "adamw", betas: [0.8, 0.9], epsilon: 0.05, weightDecay: 0.1 },
  learningRate: 0.1,
};

const loops: readonly (readonly [string, PlainLoop])[] = [
  ["SGD", { updates: 5, level: sgd, rows: three }],
  ["SGD, one update", { updates: 1, level: sgd, rows: three }],
  ["momentum SGD, weight decay, falling rate", { updates: 5, level: momentum, rows: three }],
  ["AdamW", { updates: 5, level: adamw, rows: three }],
  ["SGD, clipped", { updates: 5, level: { ...sgd, clip: 0.2 }, rows: three }],
  ["AdamW, clipped", { updates: 6, level: { ...adamw, clip: 0.1 }, rows: three }],
  ["SGD, gradients accumulated", { updates: 3, level: sgd, accumulation: 3, rows: three }],
  ["momentum, falling rate, accumulated", { updates: 4, level: momentum, accumulation: 2, rows: three }],
  ["AdamW, clipped, accumulated", { updates: 5, level: { ...adamw, clip: 0.1 }, accumulation: 2, rows: three }],
];

describe.each(problems)("$name", (known) => {
  test.each(loops)("through %s: central differences of the whole loop", async (_name, loop) => {
    const run = { lower: loop.level, unrollSteps: loop.updates, gradientAccumulation: loop.accumulation ?? 1 };
    const rows = known === twoDomains ? {} : { rows: loop.rows };
    const expected = exact(known, { ...loop, ...(known === twoDomains && { rows: () => undefined }) });
    for (const hypergradient of [store, recompute]) {
      expectClose(await throughEngine(known, { ...run, ...rows, hypergradient }), expected, { relative: 5e-4 });
    }
  });
});

test("the clipping above is active", () => {
  for (const [name, { level, ...loop }] of loops) {
    if (!level.clip) continue;
    const { trace } = unroll(ridge.plain, ridge.phi, ridge.alpha, { ...loop, level });
    const norms = trace.map(({ gradient }) => Math.sqrt(inner(gradient, gradient)));
    expect([name, Math.abs(norms[0] - level.clip) < 1e-4]).toEqual([name, true]);
  }
});

test.each([ridge, twoDomains])("$name: many updates tend to the implicit hypergradient at φ*", async (known) => {
  const { plain, phi, alpha } = known;
  const run = { hypergradient: recompute, lower: { ...sgd, learningRate: 0.8 }, unrollSteps: 150 };
  expectClose(await throughEngine(known, run), implicit(plain, argmin(plain, phi, alpha), alpha), { relative: 1e-3 });
});

test("without any movement of φ there is no influence", async () => {
  const still = { ...sgd, learningRate: 0 };
  const gradient = await throughEngine(ridge, { hypergradient: store, lower: still, unrollSteps: 3 });
  expect(gradient.every((g) => g === 0)).toBe(true);
});

test("a row that no batch holds has no influence", async () => {
  const without = (k: number) => [k % 6, (k + 3) % 6];
  const run = { hypergradient: store, lower: adamw, unrollSteps: 4, rows: without };
  const gradient = await throughEngine(ridge, run);
  expect(gradient[6]).toBe(0);
  expect(gradient.slice(0, 6).every((g) => g !== 0)).toBe(true);
});

test("sama preconditions with the derivative of AdamW's last update, bias corrections aside", async () => {
  const level: LevelOptions = { optimizer: { kind: "adamw", betas: [0.8, 0.9], epsilon: 1e-3 }, learningRate: 0.1 };
  const run = { hypergradient: { method: "sama", radius: 0.1 }, lower: level, unrollSteps: 3 } as const;
  const { plain, phi, alpha } = ridge;
  const loop = unroll(plain, phi, alpha, { updates: 3, level });
  const { before, gradient } = loop.trace[2];
  const [b1, b2, epsilon] = [0.8, 0.9, 1e-3];
  // u(g) = lr·m/√v by a central difference; the formula leaves ε out of the numerator and keeps it below
  const factors = gradient.map((g, i) => {
    const u = (g: number) => {
      const m = b1 * before.first[i] + (1 - b1) * g;
      return (0.1 * m) / Math.sqrt(b2 * before.second[i] + (1 - b2) * g * g);
    };
    const root = Math.sqrt(b2 * before.second[i] + (1 - b2) * g * g);
    return ((u(g + 1e-6) - u(g - 1e-6)) / 2e-6) * (root / (root + epsilon)) ** 3;
  });
  const preconditioned = {
    ...plain,
    upperGradient: (p: number[]) => plain.upperGradient(p).map((v, i) => v * factors[i]),
  };
  const expected = identityHessian(preconditioned, loop.phi, alpha);
  expectClose(await throughEngine(ridge, run), expected, { relative: 2e-3 });
});

test("no tensors are kept", async () => {
  const before = tf.memory().numTensors;
  for (const hypergradient of [store, recompute, { method: "sama" } as const]) {
    await throughEngine(logistic, { hypergradient, lower: { ...adamw, clip: 1 }, unrollSteps: 4, rows: three });
  }
  expect(tf.memory().numTensors).toBe(before);
});
