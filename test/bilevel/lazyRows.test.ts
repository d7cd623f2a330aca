import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type BilevelOptions, type BilevelState, solveBilevel, type UpperOptions } from "../../lib/bilevel/engine.js";
import { useBackend } from "../../lib/core/backend.js";
import type { OptimizerOptions } from "../../lib/optim/optimizer.js";
import type { InstanceTableOptions } from "../../lib/weighting/instanceTable.js";
import { expectClose } from "../expectClose.js";
import { pulls, rowBatches, rowwise } from "./rowwise.js";

beforeAll(() => useBackend());

const lower = { optimizer: { kind: "sgd" }, learningRate: 0.1 } as const;
/** rows of the k-th batch: row 5 in none, row 0 twice in every fourth */
const rows = (k: number) => [[0, 1], [2, 3], [4, 1], [0, 0]][k % 4]; // prettier-ignore

type Upper = Partial<UpperOptions> & Pick<UpperOptions, "optimizer" | "learningRate">;

async function run(
  table: Omit<InstanceTableOptions, "rows">,
  upper: Upper,
  options: Partial<BilevelOptions> = {},
): Promise<BilevelState> {
  const solver = solveBilevel(rowwise(table), rowBatches(rows), {
    iterations: 12,
    lower,
    upper: { hypergradient: { method: "dot" }, ...upper },
    ...options,
  });
  for await (const _ of solver);
  return solver.state();
}

/** The same in plain numbers: every row has an optimiser of its own. */
function byHand(
  optimizer: OptimizerOptions,
  learningRate: number,
  [min, max] = [-Infinity, Infinity],
  iterations = 12,
) {
  let x = 1;
  const memory = pulls.map(() => ({ w: 1, m: 0, v: 0, t: 0 }));
  for (let k = 0; k < iterations; k++) {
    const batch = rows(k);
    x -= (0.1 * batch.reduce((sum, n) => sum + memory[n].w * (x - pulls[n]), 0)) / batch.length;
    for (const n of new Set(batch)) {
      const own = memory[n];
      const count = batch.filter((other) => other === n).length;
      const g = (-count * (x - 3) * (x - pulls[n])) / batch.length;
      own.t++;
      if (optimizer.kind === "sgd") {
        own.m = (optimizer.momentum ?? 0) * own.m + g + (optimizer.weightDecay ?? 0) * own.w;
        own.w -= learningRate * own.m;
      } else {
        own.m = 0.9 * own.m + 0.1 * g;
        own.v = 0.99 * own.v + 0.01 * g * g;
        const change = own.m / (1 - 0.9 ** own.t) / (Math.sqrt(own.v / (1 - 0.99 ** own.t)) + 1e-3);
        own.w -= learningRate * (0.1 * own.w + change);
      }
      own.w = Math.min(Math.max(own.w, min), max);
    }
  }
  return { x, w: memory.map(({ w }) => w), t: memory.map(({ t }) => t) };
}

const open = { activation: { activation: "none" } } as const;

describe("rows of an instance table are updated one by one, as worked out by hand", () => {
  test.each<[string, OptimizerOptions, number]>([
    ["SGD", { kind: "sgd" }, 0.05],
    ["momentum and decay", { kind: "sgd", momentum: 0.5, weightDecay: 0.1 }, 0.05],
    ["AdamW", { kind: "adamw", betas: [0.9, 0.99], epsilon: 1e-3, weightDecay: 0.1 }, 0.05],
  ])("%s", async (_name, optimizer, learningRate) => {
    const { phi, alpha, memory } = await run(open, { optimizer, learningRate });
    const expected = byHand(optimizer, learningRate);
    expectClose(alpha.raw.values, expected.w, { relative: 1e-5 });
    expectClose(phi.x.values, [expected.x], { relative: 1e-5 });
    expect(Array.from(memory.alpha.moments.rowUpdates.raw.values)).toEqual(expected.t);
    expect(alpha.raw.values[5]).toBe(1); // in no batch
  });

  test("projection brings the batch's rows back into bounds, and moves no other", async () => {
    const { alpha } = await run({}, { optimizer: { kind: "sgd" }, learningRate: 3 });
    const { w } = byHand({ kind: "sgd" }, 3, [0, 2]);
    expectClose(alpha.raw.values, w, { relative: 1e-5 });
    expect(w).toContain(0);
    expect(w).toContain(2);
    expect(alpha.raw.values[5]).toBe(1);
  });
});

describe("with SGD the lazy table and the whole table are the same", () => {
  const sgd = { optimizer: { kind: "sgd" }, learningRate: 0.05 } as const;
  test.each<[string, Partial<UpperOptions>, Partial<BilevelOptions>]>([
    ["dot", {}, {}],
    ["darts", { hypergradient: { method: "darts", radius: 0.1 } }, {}],
    ["implicit", { hypergradient: { method: "implicit", damping: 0.5 } }, {}],
    ["unrolled, three batches", { hypergradient: { method: "unrolled" }, unrollSteps: 3 }, {}],
    ["unrolled, accumulated", { hypergradient: { method: "unrolled" }, unrollSteps: 2 }, { gradientAccumulation: 2 }],
    ["sama, accumulated", { hypergradient: { method: "sama" }, unrollSteps: 2 }, { gradientAccumulation: 2 }],
    ["roll-back", { unrollSteps: 2, rollBack: true }, {}],
  ])("%s", async (_name, upper, options) => {
    for (const table of [open, {}, { activation: { activation: "softplus" } } as const]) {
      const [lazy, whole] = await Promise.all(
        [true, false].map((lazy) => run({ ...table, lazy }, { ...sgd, ...upper }, options)),
      );
      expectClose(lazy.alpha.raw.values, whole.alpha.raw.values, { relative: 1e-6 });
      expectClose(lazy.phi.x.values, whole.phi.x.values, { relative: 1e-6 });
      expect(new Set(lazy.alpha.raw.values).size).toBeGreaterThan(1);
    }
  });
});

test("the recorded weight vector and the copies of α hold the whole table", async () => {
  const upper = { ...lower, hypergradient: { method: "dot" } } as const;
  const solver = solveBilevel(rowwise(open), rowBatches(rows), { iterations: 2, lower, upper });
  for await (const iteration of solver) {
    const { raw } = iteration.alpha();
    expect(raw.shape).toEqual([6]);
    expectClose(raw, Array.from(iteration.weights?.().values ?? []));
  }
  expect(solver.state().alpha.raw.shape).toEqual([6]);
});

test("no tensors are kept", async () => {
  const before = tf.memory().numTensors;
  for (const hypergradient of [{ method: "dot" }, { method: "unrolled" }, { method: "darts" }] as const) {
    await run({}, { optimizer: { kind: "adamw" }, learningRate: 0.1, unrollSteps: 3, hypergradient });
  }
  expect(tf.memory().numTensors).toBe(before);
});
