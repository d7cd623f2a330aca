import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import type { WeightActivation } from "../../lib/weighting/activation.js";
import { instanceTable } from "../../lib/weighting/instanceTable.js";
import { expectClose } from "../expectClose.js";
import { normalisations } from "../../lib/weighting/normalisation.js";
import { batchOf, expectGradient, known, normalised } from "./batches.js";

beforeAll(() => useBackend());

const raw = [0.4, -1.3, 2.6, 0.9, 1.7];
const picked = known.row.map((row) => raw[row]);
const sigma = (r: number) => 1 / (1 + Math.exp(-r));

const activations: [WeightActivation, (r: number) => number][] = [
  [{ activation: "none" }, (r) => r],
  [{ activation: "relu" }, (r) => Math.max(r, 0)],
  [{ activation: "leakyRelu" }, (r) => (r > 0 ? r : 0.01 * r)],
  [{ activation: "leakyRelu", slope: 0.3 }, (r) => (r > 0 ? r : 0.3 * r)],
  [{ activation: "sigmoid" }, sigma],
  [{ activation: "softplus" }, (r) => Math.log1p(Math.exp(r))],
  [{ activation: "clip", min: 0.5, max: 2 }, (r) => Math.min(Math.max(r, 0.5), 2)],
  [{ activation: "projected", min: 0, max: 2 }, (r) => r],
];

describe.each(activations)("%o", (activation, formula) => {
  const [lazy, whole] = [true, false].map((lazy) => instanceTable({ rows: 5, activation, lazy }));

  test("is applied to the batch's rows, which a lazy table is given and a whole one picks", () => {
    const expected = picked.map(formula);
    expectClose(whole.apply({ raw: tf.tensor1d(raw) }, batchOf()), expected);
    expectClose(lazy.apply({ raw: tf.tensor1d(picked) }, batchOf()), expected);
    for (const table of [lazy, whole]) expectClose(table.vector?.({ raw: tf.tensor1d(raw) }) ?? [], raw.map(formula));
  });

  test("gradient by central difference", () => {
    expectGradient(whole, { raw: tf.tensor1d(raw) });
    expectGradient(lazy, { raw: tf.tensor1d(picked) });
  });

  test.each(normalisations)("normalised by %s", (normalise) => {
    const table = instanceTable({ rows: 5, activation, lazy: false, normalise });
    const positive = [0.4, -1.3, 2.6, 0.9, 1.7].map(Math.abs);
    const expected = normalised(
      normalise,
      known.row.map((row) => formula(positive[row])),
    );
    expectClose(table.apply({ raw: tf.tensor1d(positive) }, batchOf()), expected);
    expectGradient(table, { raw: tf.tensor1d(positive) });
  });

  test("is projected only when it says so", () => {
    const projected = activation.activation === "projected";
    expect([lazy, whole].map(({ project }) => project !== undefined)).toEqual([projected, projected]);
    if (projected) expectClose(whole.project?.({ raw: tf.tensor1d(raw) }).raw ?? [], [0.4, 0, 2, 0.9, 1.7]);
  });
});

test("weights start alike at 1, or as told", () => {
  expectClose(instanceTable({ rows: 3 }).init(1).raw, [1, 1, 1]);
  const half = instanceTable({ rows: 2, initialization: 0.5, activation: { activation: "sigmoid" } });
  expectClose(half.vector?.(half.init(7)) ?? [], [sigma(0.5), sigma(0.5)]);
});

test("rows are named by number, or as told", () => {
  expect(instanceTable({ rows: 3 }).names).toEqual(["0", "1", "2"]);
  expect(instanceTable({ rows: 2, names: ["a", "b"] }).names).toEqual(["a", "b"]);
  expect(instanceTable({ rows: 2 }).lazy).toBe("raw");
  expect(instanceTable({ rows: 2, lazy: false }).lazy).toBeUndefined();
});

test.each([
  [{ rows: 0 }, /instanceTable:[^]*rows: [^]*got 0/],
  [{ rows: 2, row: 3 }, /row/],
  [{ rows: 2, names: ["a"] }, /1 names for 2 rows/],
  [{ rows: 2, activation: { activation: "clip", min: 2, max: 2 } }, /instanceTable: min 2 must be below max 2/],
  [{ rows: 2, activation: { activation: "projected", min: 0 } }, /activation\.max/],
  [{ rows: 2, activation: { activation: "leakyRelu", slope: -1 } }, /activation\.slope: [^]*got -1/],
  [{ rows: 2, activation: { activation: "sine" } }, /activation\.activation: [^]*got "sine"/],
  [{ rows: 2, initialization: NaN }, /initialization/],
] as const)("%o is refused", (options, message) => {
  expect(() => instanceTable(options as unknown as Parameters<typeof instanceTable>[0])).toThrow(message);
});
