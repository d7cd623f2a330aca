import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import { valueAndGrads } from "../../lib/core/tree.js";
import { aggregate, aggregations } from "../../lib/loss/aggregate.js";
import { labelledStepsLoss, lossTargets, outcomeLoss } from "../../lib/loss/objective.js";
import { aggregateAt, upperLossAt } from "../../lib/loss/slopes.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const kinds = ["squaredError", "crossEntropy"] as const;
const stream = random("slopes");
const [B, S, lengths] = [5, 4, [4, 1, 3, 2, 4]];
/** the input's rows in another order than the solutions' */
const order = stream.shuffle(Array.from({ length: 14 }, (_, i) => i));
const logits = Array.from({ length: 14 }, () => 2 * stream.normal());
const steps = lengths.flatMap((length, b) => Array.from({ length }, (_, s) => b * S + s));
const place = (values: readonly number[]) => {
  const out = new Array<number>(B * S).fill(0);
  steps.forEach((at, i) => (out[at] = values[i]));
  return out;
};
const mask = place(steps.map(() => 1));
const labelled = place(steps.map((_, i) => (i % 3 === 0 ? 0 : 1)));
const numbers = {
  ...{ logits, index: place(order), mask, label: [1, 0, 1, 1, 0] },
  ...{ stepLabel: place(steps.map((_, i) => (i % 3 === 2 ? 1 : 0))), labelled },
};

describe.each(aggregations)("%s", (aggregation) => {
  test.each(kinds)("the upper losses with %s and their slopes are those of the differentiable form", (kind) => {
    const table = (values: ArrayLike<number>) => tf.tensor2d(Float32Array.from(Array.from(values)), [B, S]);
    for (const target of lossTargets) {
      const { value, grads } = valueAndGrads(
        ({ z }) => {
          const logit_BS = tf.gather<tf.Tensor>(z, tf.tensor2d(numbers.index, [B, S], "int32")) as tf.Tensor2D;
          if (target === "steps") return labelledStepsLoss(logit_BS, table(numbers.stepLabel), table(labelled), kind);
          return outcomeLoss(target, aggregation, logit_BS, table(mask), tf.tensor1d(numbers.label), kind);
        },
        { z: tf.tensor1d(logits) },
      );
      const own = upperLossAt(target, aggregation, kind, numbers);
      expectClose(own.value, value);
      expectClose([...own.slopes], grads.z, { relative: 1e-5, absolute: 1e-7 });
    }
  });

  test("stays what it is in float32, and finite, where probabilities round to 0 or 1", () => {
    for (const z of [
      [60, 60],
      [-60, -60],
      [60, -60, 0],
      [-30, 5],
    ]) {
      const shape: [number, number] = [1, z.length];
      const expected = aggregate(aggregation, tf.tensor2d(z, shape), tf.ones(shape));
      const { value, slopes } = aggregateAt(aggregation, z);
      expectClose(value, expected, { relative: 1e-4 });
      expect(slopes.every(Number.isFinite)).toBe(true);
    }
    expect(aggregateAt(aggregation, [-800, 800]).slopes.every(Number.isFinite)).toBe(true);
  });
});

test("equal smallest and largest logits share the slope", () => {
  expect(aggregateAt("min", [1, 3, 1]).slopes).toEqual([0.5, 0, 0.5]);
  expect(aggregateAt("max", [3, 3, 1]).slopes).toEqual([0.5, 0.5, 0]);
});

test("without a labelled step the loss is 0, and so is every slope", () => {
  const none = { ...numbers, labelled: place(steps.map(() => 0)) };
  expect(upperLossAt("steps", "mean", "squaredError", none)).toEqual({ value: 0, slopes: logits.map(() => 0) });
});
