import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import type { Params } from "../../lib/core/tree.js";
import { clipByGlobalNorm } from "../../lib/optim/clip.js";
import { optimizer, type OptimizerOptions } from "../../lib/optim/optimizer.js";
import { scheduleFactor } from "../../lib/optim/schedule.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

/** ∇ of ½ Σ c_i p_i² */
const curvature = [1, 0.1, 10];

/** Runs an optimiser on the quadratic, learning rate falling, and returns the parameters after `updates`. */
function run(options: OptimizerOptions, updates: number): number[] {
  const rule = optimizer(options);
  let params: Params = { p: tf.tensor1d([1, -2, 0.5]) };
  let state = rule.init(params);
  for (let t = 0; t < updates; t++) {
    ({ params, state } = rule.update({ p: tf.mul(params.p, curvature) }, state, params, 0.1 / (1 + t)));
  }
  expect(state.updates).toBe(updates);
  return Array.from(params.p.dataSync());
}

/** The textbook recursion of each coordinate in double precision. */
function reference(updates: number, step: (p: number, g: number, lr: number, t: number, memory: number[]) => number) {
  return [1, -2, 0.5].map((start, i) => {
    let p = start;
    const memory = [0, 0];
    for (let t = 0; t < updates; t++) p = step(p, p * curvature[i], 0.1 / (1 + t), t + 1, memory);
    return p;
  });
}

describe("optimisers follow torch.optim's recursions", () => {
  test("SGD with momentum and L2", () => {
    const expected = reference(12, (p, g, lr, _t, memory) => {
      memory[0] = 0.9 * memory[0] + g + 0.05 * p;
      return p - lr * memory[0];
    });
    expectClose(run({ kind: "sgd", momentum: 0.9, weightDecay: 0.05 }, 12), expected);
  });

  test("AdamW, decoupled decay and bias correction", () => {
    const expected = reference(12, (p, g, lr, t, memory) => {
      memory[0] = 0.8 * memory[0] + 0.2 * g;
      memory[1] = 0.95 * memory[1] + 0.05 * g * g;
      const change = memory[0] / (1 - 0.8 ** t) / (Math.sqrt(memory[1] / (1 - 0.95 ** t)) + 1e-3);
      return p - lr * 0.2 * p - lr * change;
    });
    expectClose(run({ kind: "adamw", betas: [0.8, 0.95], epsilon: 1e-3, weightDecay: 0.2 }, 12), expected);
  });
});

test("an update leaves its arguments alone and leaks nothing", () => {
  const rule = optimizer({ kind: "adamw" });
  const params = { p: tf.tensor1d([1, 2]) };
  const grads = { p: tf.tensor1d([1, 1]) };
  const state = rule.init(params);
  const before = tf.memory().numTensors;
  const next = rule.update(grads, state, params, 0.1);
  expect(tf.memory().numTensors - before).toBe(3);
  expectClose(tf.clone(params.p), [1, 2]);
  expectClose(tf.clone(state.moments.first.p), [0, 0]);
  expect(next.params.p.dataSync()[0]).toBeLessThan(1);
});

test("clipping by global norm: ‖(3, 4, 12)‖ = 13 to 1.3 and not at all to 20", () => {
  const grads = () => ({ a: tf.tensor1d([3, 4]), b: tf.tensor1d([12]) });
  const { grads: clipped, norm } = clipByGlobalNorm(grads(), 1.3);
  expectClose(norm, 13);
  expectClose(clipped.a, [0.3, 0.4]);
  expectClose(clipByGlobalNorm(grads(), 20).grads.b, [12]);
  expectClose(clipByGlobalNorm(grads(), 0).grads.b, [12]);
});

test("schedules at their corners", () => {
  const at = (counts: number[], schedule: Parameters<typeof scheduleFactor>[0]) =>
    counts.map((count) => scheduleFactor(schedule, count));
  expectClose(at([0, 9, 10, 25], { kind: "stepLR", stepSize: 10, gamma: 0.5 }), [1, 1, 0.5, 0.25]);
  const cosine = { kind: "cosineWithWarmup", warmupSteps: 4, totalSteps: 12 } as const;
  expectClose(at([0, 2, 4, 8, 12, 13], cosine), [0, 0.5, 1, 0.5, 0, 0.5 * (1 - Math.cos(Math.PI / 8))], {
    absolute: 1e-12,
  });
});
