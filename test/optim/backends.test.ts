import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { globalNorm } from "../../lib/core/norm.js";
import type { Params } from "../../lib/core/tree.js";
import { random } from "../../lib/core/random.js";
import { registerMissingWasmKernels } from "../../lib/core/wasmKernels.js";
import { clipByGlobalNorm, clipped } from "../../lib/optim/clip.js";
import { optimizer, type OptimizerOptions } from "../../lib/optim/optimizer.js";
import type { Optimizer, Update } from "../../lib/optim/update.js";
import { expectClose } from "../expectClose.js";

let best: string;
beforeAll(async () => {
  await useBackend();
  best = tf.getBackend();
  await registerMissingWasmKernels();
});
afterAll(() => tf.setBackend(best));

const rules: [string, OptimizerOptions][] = [
  ["SGD", { kind: "sgd" }],
  ["momentum", { kind: "sgd", momentum: 0.9, weightDecay: 0.1 }],
  ["AdamW", { kind: "adamw" }],
  ["AdamW without decay", { kind: "adamw", betas: [0.8, 0.95], epsilon: 1e-3, weightDecay: 0 }],
];
/** below, at and above the size from which kernels are fused */
const shapes = { small: [3, 5], edge: [4096], large: [70, 71] };

const values = (seed: string, size: number) => {
  const stream = random(seed);
  return Float32Array.from({ length: size }, () => stream.normal());
};
const tree = (seed: string): Params =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      tf.tensor(values(seed + name, tf.util.sizeFromShape(shape)), shape),
    ]),
  );

/** Parameters and moments after five updates; the same gradient is there for all. */
function five(rule: Optimizer, update: Update): Record<string, Float32Array> {
  const grads = tree("gradient");
  let params = tree("start");
  let state = rule.init(params);
  for (let t = 0; t < 5; t++) {
    const next = update(grads, state, params, 0.1 / (1 + t));
    if (update === rule.update) tf.dispose([params, state.moments]);
    ({ params, state } = next);
  }
  const trees = { p: params, ...state.moments };
  const flat = Object.entries(trees).flatMap(([what, tree]) =>
    Object.entries(tree).map(([name, tensor]) => [`${what} ${name}`, Float32Array.from(tensor.dataSync())]),
  );
  tf.dispose([grads, params, state.moments]);
  return Object.fromEntries(flat) as Record<string, Float32Array>;
}

describe.each(["the best backend", "wasm", "cpu"])("on %s", (name) => {
  beforeAll(() => tf.setBackend(name === "the best backend" ? best : name));

  test.each(rules)("%s: advance is update, without leaks", (_name, options) => {
    const rule = optimizer(options);
    const before = tf.memory().numTensors;
    const [pure, fused] = [five(rule, rule.update), five(rule, rule.advance)];
    expect(tf.memory().numTensors).toBe(before);
    expect(Object.keys(fused)).toEqual(Object.keys(pure));
    // TensorFlow's kernel forms 1 − β₂ from a float32 β₂, which is off by 1.3e-5
    for (const [what, expected] of Object.entries(pure)) expectClose(fused[what], expected, { relative: 2e-5 });
  });

  test.each(rules)("%s: a clone taken before advance keeps its values, the originals are gone", (_name, options) => {
    const rule = optimizer(options);
    const [params, grads] = [tree("start"), tree("gradient")];
    const state = rule.init(params);
    const clones = Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, tf.clone(tensor)]));
    const moments = Object.values(state.moments).flatMap((tree) => Object.values(tree).map((m) => tf.clone(m)));
    const next = rule.advance(grads, state, params, 0.1);
    const later = rule.advance(grads, next.state, next.params, 0.1);
    for (const [name, clone] of Object.entries(clones)) {
      expect(params[name].isDisposed).toBe(true);
      expect(clone.dataSync()).toEqual(values(`start${name}`, clone.size));
      expect(later.params[name].dataSync()).not.toEqual(clone.dataSync());
      expect(grads[name].dataSync()).toEqual(values(`gradient${name}`, clone.size));
    }
    for (const moment of moments) expect(moment.dataSync().every((m) => m === 0)).toBe(true);
    tf.dispose([clones, moments, grads, later.params, later.state.moments]);
  });

  test("the global norm is that of all entries, and clipping is the same when it is differentiated", () => {
    const grads = tree("gradient");
    const flat = Object.values(grads).flatMap((tensor) => Array.from(tensor.dataSync()));
    const norm = Math.sqrt(flat.reduce((sum, g) => sum + g * g, 0));
    const before = tf.memory().numTensors;
    expectClose(globalNorm(grads), norm);
    expect(tf.memory().numTensors).toBe(before);
    for (const max of [0, norm / 3, 2 * norm]) {
      const [by, differentiable] = [clipByGlobalNorm(grads, max).grads, tf.tidy(() => clipped(grads, max))];
      for (const name of Object.keys(shapes)) expectClose(tf.clone(differentiable[name]), by[name].dataSync());
    }
  });

  test("a gradient of zeros changes nothing and divides nothing by zero", () => {
    const zeros: Params = { large: tf.zeros(shapes.large), small: tf.zeros(shapes.small) };
    const params: Params = { large: tf.ones(shapes.large), small: tf.ones(shapes.small) };
    const rule = optimizer({ kind: "adamw", weightDecay: 0 });
    const next = rule.advance(zeros, rule.init(params), params, 0.1).params;
    for (const tensor of Object.values(next)) expect(tensor.dataSync().every((p) => p === 1)).toBe(true);
  });
});
