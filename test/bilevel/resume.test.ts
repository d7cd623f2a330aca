import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type BilevelOptions, type BilevelState, solveBilevel } from "../../lib/bilevel/engine.js";
import type { LevelOptions } from "../../lib/bilevel/level.js";
import { useBackend } from "../../lib/core/backend.js";
import type { InstanceTableOptions } from "../../lib/weighting/instanceTable.js";
import { rowBatches, rowwise } from "./rowwise.js";

beforeAll(() => useBackend());

const rows = (k: number) => [[0, 1, 4], [2, 3, 3], [5, 1, 0], [4, 0, 2], [3, 5, 5]][k % 5]; // prettier-ignore

const sgd: LevelOptions = { optimizer: { kind: "sgd" }, learningRate: 0.1 };
const momentum: LevelOptions = { optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0.01 }, learningRate: 0.05 };
const adamw: LevelOptions = {
  optimizer: { kind: "adamw" },
  learningRate: 0.05,
  clip: 0.5,
  schedule: { kind: "cosineWithWarmup", warmupSteps: 3, totalSteps: 40 },
};
const dot = { method: "dot" } as const;
const unrolled = { method: "unrolled" } as const;
const recompute = { method: "unrolled", states: "recompute" } as const;

type Case = readonly [
  name: string,
  options: Omit<BilevelOptions, "iterations">,
  stops: number[],
  table?: Partial<InstanceTableOptions> & { size?: number },
];
const whole = { lazy: false, activation: { activation: "softplus" } } as const;
const alphas = { ...adamw, hypergradient: dot };

const cases: Case[] = [
  ["plain", { lower: sgd, upper: { ...sgd, hypergradient: dot } }, [1, 7], whole],
  ["momentum on both levels, darts", { lower: momentum, upper: { ...momentum, unrollSteps: 2 } }, [4, 7], whole],
  ["AdamW on both levels, schedules, clipping", { lower: adamw, upper: alphas }, [3, 8], whole],
  ["fused kernels", { lower: adamw, upper: alphas }, [3], { ...whole, size: 5000 }],
  ["lower level alone", { lower: adamw }, [5], whole],
  ["within an accumulation", { lower: adamw, upper: alphas, gradientAccumulation: 3 }, [4, 5, 6], whole],
  ["within a warm-up", { lower: adamw, upper: { ...alphas, warmupIterations: 6 } }, [4], whole],
  [
    "within a loop to be rolled back",
    { lower: adamw, upper: { ...alphas, unrollSteps: 3, rollBack: true } },
    [3, 4, 5],
  ],
  [
    "roll-back, accumulated",
    { lower: adamw, upper: { ...alphas, unrollSteps: 2, rollBack: true }, gradientAccumulation: 2 },
    [5, 6, 7],
    whole,
  ],
  [
    "within an unrolled loop",
    { lower: adamw, upper: { ...adamw, unrollSteps: 4, hypergradient: unrolled } },
    [4, 5, 7],
  ],
  [
    "unrolled, accumulated, states computed again",
    {
      lower: { ...momentum, clip: 0.3, schedule: { kind: "stepLR", stepSize: 2, gamma: 0.9 } },
      upper: { ...adamw, unrollSteps: 3, hypergradient: recompute },
      gradientAccumulation: 2,
    },
    [5, 7, 8, 9],
  ],
  [
    "unrolled and rolled back",
    { lower: adamw, upper: { ...adamw, unrollSteps: 3, rollBack: true, hypergradient: unrolled } },
    [3, 4, 5],
  ],
  ["sama", { lower: adamw, upper: { ...adamw, unrollSteps: 3, hypergradient: { method: "sama" } } }, [3, 4, 5]],
  [
    "sama, accumulated and rolled back",
    {
      lower: adamw,
      upper: { ...adamw, unrollSteps: 2, rollBack: true, hypergradient: { method: "sama" } },
      gradientAccumulation: 2,
    },
    [5, 6, 7],
  ],
  ["lazy rows, AdamW", { lower: adamw, upper: alphas }, [1, 6]],
  ["lazy rows, momentum", { lower: adamw, upper: { ...momentum, hypergradient: dot } }, [6]],
];

const total = 13;

function solver([, options, , { size = 1, ...table } = {}]: Case, given: Partial<BilevelOptions> = {}) {
  return solveBilevel(rowwise(table, size), rowBatches(rows), { iterations: total, ...options, ...given });
}

/** The state after `stop` iterations, in the middle of the run. */
async function after(one: Case, stop: number, given: Partial<BilevelOptions> = {}): Promise<BilevelState> {
  const run = solver(one, given);
  for await (const { iteration } of run) if (iteration === stop) break;
  return run.state();
}

/** Through text, bit by bit. */
function copied(state: BilevelState): BilevelState {
  const text = JSON.stringify(state, (_, value: unknown) =>
    value instanceof Float32Array
      ? { base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") }
      : value,
  );
  return JSON.parse(text, (_, value: { base64?: string } | null) => {
    if (typeof value?.base64 !== "string") return value;
    const bytes = Buffer.from(value.base64, "base64");
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  }) as BilevelState;
}

test.each(cases.map((one) => ({ name: one[0], one })))("$name: a resumed run goes on bit by bit", async ({ one }) => {
  const [, , stops] = one;
  const tensors = tf.memory().numTensors;
  const end = await after(one, total);
  for (const stop of stops) {
    const stored = copied(await after(one, stop));
    expect(stored.iteration).toBe(stop);
    expect(await after(one, total, { resume: stored })).toStrictEqual(end);
    // stopped again at once and later
    const later = await after(one, stop + 1, { resume: stored });
    expect(later).toStrictEqual(await after(one, stop + 1));
    expect(await after(one, total, { resume: copied(later) })).toStrictEqual(end);
  }
  expect(tf.memory().numTensors).toBe(tensors);
});

test("the state of a resumed run before its first iteration is the one it was given", async () => {
  for (const one of cases.filter(([name]) => /within|lazy/.test(name))) {
    const stored = copied(await after(one, one[2][0]));
    const run = solver(one, { resume: stored });
    expect(run.state()).toStrictEqual(stored);
    for await (const _ of run) break;
  }
});

describe("what does not fit is refused", () => {
  const [, plain] = cases[0];
  const mismatches: [string, Case, RegExp][] = [
    ["another lower optimiser", ["", { ...plain, lower: adamw }, [], whole], /optimiser of φ kept nothing, .*keeps first and second/],
    ["another upper optimiser", ["", { ...plain, upper: alphas }, [], whole], /optimiser of α kept nothing, .*first and second/],
    ["another φ", ["", plain, [], { ...whole, size: 3 }], /φ "x" is \[1\] in the stored state and \[3\] in this run/],
    ["lazy rows instead of the whole table", ["", plain, []], /optimiser of α kept nothing, this run's keeps rowUpdates/],
  ]; // prettier-ignore
  test.each(mismatches)("%s", async (_name, other, message) => {
    const stored = await after(cases[0], 2);
    const tensors = tf.memory().numTensors;
    await expect(after(other, total, { resume: stored })).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test("another table", async () => {
    const stored = await after(cases[0], 2);
    const { raw } = stored.alpha;
    const longer = { ...stored, alpha: { raw: { shape: [7], values: Float32Array.of(...raw.values, 1) } } };
    await expect(after(cases[0], total, { resume: longer })).rejects.toThrow(/α "raw" is \[7\] .* \[6\] in this run/);
    const named = { ...stored, alpha: { ...stored.alpha, other: raw } };
    await expect(after(cases[0], total, { resume: named })).rejects.toThrow(
      /α "other" is \[6\] .* missing in this run/,
    );
  });
});
