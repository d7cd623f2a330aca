import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import type { Params } from "../../lib/core/tree.js";
import { lazyRows } from "../../lib/optim/lazyRows.js";
import { optimizer, type OptimizerOptions } from "../../lib/optim/optimizer.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const rules: [string, OptimizerOptions][] = [
  ["SGD", { kind: "sgd" }],
  ["SGD with decay", { kind: "sgd", weightDecay: 0.2 }],
  ["momentum", { kind: "sgd", momentum: 0.9, weightDecay: 0.1 }],
  ["AdamW", { kind: "adamw" }],
  ["AdamW, all options", { kind: "adamw", betas: [0.8, 0.95], epsilon: 1e-3, weightDecay: 0.3 }],
];
const start = [1, -2, 0.5, 3, -0.7];
const gradient = (t: number) => start.map((_, i) => Math.sin(1 + 3 * t + i));

/** the dense rule on one entry alone, with the gradients of the updates in which it is picked */
function dense(options: OptimizerOptions, p: number, gradients: number[], rates: number[]): number {
  const rule = optimizer(options);
  let params: Params = { p: tf.tensor1d([p]) };
  let state = rule.init(params);
  gradients.forEach((g, t) => ({ params, state } = rule.update({ p: tf.tensor1d([g]) }, state, params, rates[t])));
  return params.p.dataSync()[0];
}

describe.each(rules)("%s", (_name, options) => {
  test("an entry moves as the dense rule would move it alone, on the updates in which it is picked", () => {
    const rule = lazyRows(options);
    const state = rule.init(Float32Array.from(start));
    const batches = [[0, 1], [1, 3], [3, 0], [1], [3, 1]]; // prettier-ignore
    const rate = (t: number) => 0.1 / (1 + t);
    batches.forEach((rows, t) =>
      rule.update(
        state,
        rows,
        rows.map((row) => gradient(t)[row]),
        rate(t),
      ),
    );
    const expected = start.map((p, row) => {
      const own = batches.flatMap((rows, t) => (rows.includes(row) ? [t] : []));
      return dense(
        options,
        p,
        own.map((t) => gradient(t)[row]),
        own.map(rate),
      );
    });
    expectClose(state.values, expected, { relative: 1e-6 });
    expect(Array.from(state.updates)).toEqual([2, 4, 0, 3, 0]);
    expect([state.values[2], state.values[4]]).toEqual([0.5, Math.fround(-0.7)]);
  });

  test("with every entry picked it is the dense rule", () => {
    const rule = lazyRows(options);
    const state = rule.init(Float32Array.from(start));
    const times = [0, 1, 2, 3];
    for (const t of times) rule.update(state, [4, 3, 2, 1, 0], gradient(t).reverse(), 0.05);
    const expected = start.map((p, i) =>
      dense(
        options,
        p,
        times.map((t) => gradient(t)[i]),
        times.map(() => 0.05),
      ),
    );
    expectClose(state.values, expected, { relative: 1e-6 });
  });
});

test("it works in place, and remembers no more than the rule needs", () => {
  const values = Float32Array.of(1, 2);
  const [plain, momentum, adamw] = [rules[0], rules[2], rules[3]].map(([, options]) => lazyRows(options).init(values));
  expect([plain, momentum, adamw].map(({ moments }) => Object.keys(moments))).toEqual([
    [],
    ["momentum"],
    ["first", "second"],
  ]);
  lazyRows({ kind: "sgd" }).update(plain, [1], [1], 0.5);
  expect(Array.from(values)).toEqual([1, 1.5]);
});
