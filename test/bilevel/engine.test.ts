import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type BilevelOptions, type Iteration, solveBilevel } from "../../lib/bilevel/engine.js";
import { type BatchSource, type BilevelProblem, weightedProblem } from "../../lib/bilevel/problem.js";
import { useBackend } from "../../lib/core/backend.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

/** ℓ = ½(φ − b)² with the batch b, one weight w = α; upper = ½(φ − 3)². In closed form all along. */
const scalar: BilevelProblem<tf.Tensor1D, null> = weightedProblem({
  init: () => ({ phi: { x: tf.tensor1d([1]) }, alpha: { w: tf.tensor1d([2]) } }),
  weighted: {
    losses: (phi, b) => ({ loss_B: tf.mul(0.5, tf.squaredDifference(phi.x, b)) }),
    weights: (alpha) => tf.clone(alpha.w as tf.Tensor1D),
  },
  upper: (phi) => tf.mul(0.5, tf.sum(tf.squaredDifference(phi.x, 3))),
  weights: { names: ["w"], vector: (alpha) => tf.clone(alpha.w as tf.Tensor1D) },
});
const targets = [2, -1, 0.5, 4, 1, -2];
const batches: BatchSource<tf.Tensor1D, null> = { lower: (k) => tf.tensor1d([targets[k % 6]]), upper: () => null };
const sgd = (learningRate: number) => ({ optimizer: { kind: "sgd" } as const, learningRate });

/** The same iterations in plain numbers. */
function byHand(iterations: number, { unroll = 1, warmup = 0, accumulation = 1, rollBack = false, upper = true } = {}) {
  let [x, w, gradient, start] = [1, 2, 0, 1];
  for (let k = 0; k < iterations; k++) {
    const slope = () => (w * (x - targets[k % 6])) / accumulation;
    gradient += slope();
    if ((k + 1) % accumulation === 0) [x, gradient] = [x - 0.1 * gradient, 0];
    if (!upper || (k + 1) % (unroll * accumulation) !== 0 || k + 1 <= warmup) continue;
    w += 0.05 * (x - 3) * (x - targets[k % 6]);
    if (rollBack) {
      x = start;
      x -= 0.1 * slope();
    }
    start = x;
  }
  return [x, w];
}

async function run(options: Partial<BilevelOptions> & { iterations: number }) {
  const solver = solveBilevel(scalar, batches, { lower: sgd(0.1), ...options });
  const iterations: Iteration[] = [];
  for await (const iteration of solver) iterations.push(iteration);
  const { phi, alpha } = solver.state();
  return { iterations, values: [phi.x.values[0], alpha.w.values[0]] };
}

const upper = { ...sgd(0.05), hypergradient: { method: "dot" } } as const;

describe("the iterations are those worked out by hand", () => {
  test.each([
    ["darts", { upper: { ...upper, hypergradient: { method: "darts" } } }, {}],
    ["dot", { upper }, {}],
    ["unrolling", { upper: { ...upper, unrollSteps: 3 } }, { unroll: 3 }],
    ["warm-up", { upper: { ...upper, warmupIterations: 5 } }, { warmup: 5 }],
    ["accumulation", { upper: { ...upper, unrollSteps: 2 }, gradientAccumulation: 2 }, { unroll: 2, accumulation: 2 }],
    ["roll-back", { upper: { ...upper, unrollSteps: 3, rollBack: true } }, { unroll: 3, rollBack: true }],
    ["lower level alone", {}, { upper: false }],
  ] as const)("%s", async (_name, options, expectations) => {
    const { values } = await run({ iterations: 12, ...options });
    expectClose(values, byHand(12, expectations), { relative: 1e-4 });
  });
});

test("an iteration is one lower micro-step and reports what happened in it", async () => {
  const solver = solveBilevel(scalar, batches, { iterations: 4, lower: sgd(0.1), upper: { ...upper, unrollSteps: 2 } });
  const first = (await solver.next()).value as Iteration;
  expect(first.iteration).toBe(1);
  expect(first.upper).toBeUndefined();
  expectClose(first.lower.loss, 0.5);
  expectClose(first.lower.weightedLoss, 1);
  expectClose(first.lower.gradientNorm ?? NaN, 2);
  expectClose(first.phi().x, [1.2]);
  const second = (await solver.next()).value as Iteration;
  const x = 1.2 - 0.1 * 2 * 2.2;
  expectClose(second.upper?.loss ?? NaN, 0.5 * (x - 3) ** 2);
  expectClose(second.upper?.gradientNorm ?? NaN, Math.abs((x - 3) * (x + 1)));
  expect(second.weights?.().names).toEqual(["w"]);
  expectClose(second.weights?.().values ?? [], [2 + 0.05 * (x - 3) * (x + 1)]);
  await solver.return();
});

test("return() frees what state() made before the first iteration", async () => {
  const before = tf.memory().numTensors;
  const solver = solveBilevel(scalar, batches, { iterations: 5, lower: sgd(0.1), upper });
  expectClose(solver.state().phi.x.values, [1]);
  await solver.return();
  expect(tf.memory().numTensors).toBe(before);
  expect(solver.state().iteration).toBe(0);
});

test("a break frees everything, and the state remains", async () => {
  const before = tf.memory().numTensors;
  const solver = solveBilevel(scalar, batches, { iterations: 50, lower: sgd(0.1), upper });
  for await (const { iteration } of solver) if (iteration === 3) break;
  expect(tf.memory().numTensors).toBe(before);
  expect(solver.state().iteration).toBe(3);
  expectClose([solver.state().phi.x.values[0], solver.state().alpha.w.values[0]], byHand(3), { relative: 1e-4 });
});

test("the number of tensors is flat over iterations, with every option on", async () => {
  const adamw = { optimizer: { kind: "adamw" }, learningRate: 0.01, clip: 1 } as const;
  const counts: number[] = [];
  const solver = solveBilevel(scalar, batches, {
    iterations: 24,
    gradientAccumulation: 2,
    lower: adamw,
    upper: { ...adamw, unrollSteps: 2, rollBack: true },
  });
  for await (const { iteration } of solver) if (iteration % 4 === 0) counts.push(tf.memory().numTensors);
  expect(new Set(counts).size).toBe(1);
});

test("same seed, same record", async () => {
  const record = async () =>
    (await run({ iterations: 8, upper })).iterations.map(({ lower, upper }) => ({ lower, upper }));
  expect(await record()).toEqual(await record());
});

test("a loss that is no number stops the run, says where, and keeps the state before it", async () => {
  const poisoned = { ...batches, lower: (k: number) => tf.tensor1d([k === 2 ? NaN : 1]) };
  const solver = solveBilevel(scalar, poisoned, { iterations: 5, lower: sgd(0.1), upper });
  const drain = async () => {
    for await (const _ of solver);
  };
  await expect(drain()).rejects.toThrow(/lower level's loss or gradient is NaN at iteration 3/);
  expect(solver.state().iteration).toBe(2);
  expect(solver.state().phi.x.values.every(Number.isFinite)).toBe(true);
});

test("a series that grows says which number to make smaller", async () => {
  const hypergradient = { method: "neumann", terms: 50, stepSize: 1e3 } as const;
  const solver = solveBilevel(scalar, batches, { iterations: 9, lower: sgd(0.1), upper: { ...upper, hypergradient } });
  const drain = async () => {
    for await (const _ of solver);
  };
  await expect(drain()).rejects.toThrow(/upper level's .* its series grows when `stepSize` exceeds 2 \//);
});

test.each([{ method: "dot" }, { method: "unrolled" }, { method: "sama" }] as const)(
  "an upper gradient that is no number leaves α as it was, $method",
  async (hypergradient) => {
    const tensors = tf.memory().numTensors;
    const broken: typeof scalar = {
      ...scalar,
      upper: (phi, alpha, batch) => tf.tidy(() => tf.mul(scalar.upper(phi, alpha, batch), calls++ < 2 ? 1 : NaN)),
    };
    let calls = 0;
    const options = { lower: sgd(0.1), upper: { ...upper, hypergradient, unrollSteps: 2 } };
    const solver = solveBilevel(broken, batches, { iterations: 9, ...options });
    const drain = async () => {
      for await (const _ of solver);
    };
    await expect(drain()).rejects.toThrow(/upper level's loss or gradient is NaN at iteration 6/);
    const { alpha, phi, upperUpdates } = solver.state();
    const healthy = solveBilevel(scalar, batches, { iterations: 4, ...options });
    for await (const _ of healthy);
    expect(upperUpdates).toBe(2);
    expect(alpha).toStrictEqual(healthy.state().alpha);
    expect(phi.x.values.every(Number.isFinite)).toBe(true);
    expect(tf.memory().numTensors).toBe(tensors);
  },
);

test("a resumed run that is over already does nothing", async () => {
  const options = { lower: sgd(0.1), upper };
  const first = solveBilevel(scalar, batches, { iterations: 3, ...options });
  for await (const _ of first);
  const again = solveBilevel(scalar, batches, { iterations: 3, ...options, resume: first.state() });
  const seen: Iteration[] = [];
  for await (const iteration of again) seen.push(iteration);
  expect(seen).toEqual([]);
  expect(again.state()).toStrictEqual(first.state());
});
