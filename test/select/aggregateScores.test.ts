import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { aggregate, aggregations } from "../../lib/loss/aggregate.js";
import { aggregatedKey, aggregatedScore, scoreAggregations } from "../../lib/select/aggregateScores.js";

beforeAll(() => tf.setBackend("cpu"));

const draw = random(3);
const solutions = Array.from({ length: 40 }, () => Array.from({ length: 1 + draw.integer(6) }, () => draw.next()));

test("knows the aggregations of the loss", () => {
  expect(scoreAggregations).toEqual(aggregations);
});

test.each(scoreAggregations)("%s is that of the loss, on probabilities", (kind) => {
  for (const scores of solutions) {
    const logits = tf.tensor2d([scores.map((p) => Math.log(p / (1 - p)))]);
    const [expected] = tf.sigmoid(aggregate(kind, logits, tf.onesLike(logits))).dataSync();
    expect(aggregatedScore(kind, scores)).toBeCloseTo(expected, 5);
  }
});

test.each(scoreAggregations)("%s: the key orders solutions as the score does", (kind) => {
  const byKey = [...solutions].sort((a, b) => aggregatedKey(kind, a) - aggregatedKey(kind, b));
  const scores = byKey.map((solution) => aggregatedScore(kind, solution));
  expect(scores).toEqual([...scores].sort((a, b) => a - b));
});

test.each(scoreAggregations)("%s of one step is the step's score", (kind) => {
  for (const p of [0, 0.3, 1]) expect(aggregatedScore(kind, [p])).toBeCloseTo(p, 12);
});

test("certain steps make no NaN, and keys do not saturate where scores do", () => {
  for (const kind of scoreAggregations) expect(aggregatedKey(kind, [0, 1, 0.5])).not.toBeNaN();
  const [few, many] = [Array<number>(40).fill(0.9), Array<number>(60).fill(0.9)];
  expect(aggregatedScore("logOddsSum", few)).toBe(aggregatedScore("logOddsSum", many));
  expect(aggregatedKey("logOddsSum", few)).toBeLessThan(aggregatedKey("logOddsSum", many));
  const [bad, worse] = [Array<number>(400).fill(0.1), Array<number>(500).fill(0.1)];
  expect([aggregatedScore("product", bad), aggregatedScore("product", worse)]).toEqual([0, 0]);
  expect(aggregatedKey("product", bad)).toBeGreaterThan(aggregatedKey("product", worse));
});
