import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { type Params, valueAndGrads } from "../../../lib/core/tree.js";
import { qwen2 } from "../../../lib/model/qwen2/qwen2.js";
import { linear } from "../../../lib/model/transformer/linear.js";
import { checkParameters, initialParameters, parameterCount } from "../../../lib/model/transformer/parameters.js";
import { expectClose } from "../../expectClose.js";
import { golden, goldenParameters, logitsOf, lossAndGrads, onEveryBackend, uniform } from "../golden.js";

const [N, inputs, outputs, rank] = [3, 5, 4, 2];
const matrix = (name: string, rows: number, columns: number) =>
  tf.tensor2d(uniform(name, rows * columns), [rows, columns]);

onEveryBackend(() => {
  test("a linear map with an adapter is the map with the adapter merged in, also in its gradients", () => {
    const x = matrix("x", N, inputs);
    const phi: Params = { "f.lora_A.weight": matrix("a", rank, inputs), "f.lora_B.weight": matrix("b", outputs, rank) };
    const frozen: Params = {
      "f.weight": matrix("w", outputs, inputs),
      "f.bias": tf.tensor1d(uniform("bias", outputs)),
    };
    const y = matrix("y", N, outputs);
    const adapted = valueAndGrads((p) => tf.sum<tf.Scalar>(tf.mul(y, linear({ phi: p, frozen }, "f", x, 0.5))), phi);
    const merged = valueAndGrads((p) => {
      const delta = tf.mul(tf.matMul(p["f.lora_B.weight"], p["f.lora_A.weight"]), 0.5);
      const sum = tf.add(tf.matMul(x, tf.add(frozen["f.weight"], delta), false, true), frozen["f.bias"]);
      return tf.sum<tf.Scalar>(tf.mul(y, sum));
    }, phi);
    expectClose(adapted.value, Array.from(merged.value.dataSync()));
    for (const name of Object.keys(phi)) expectClose(adapted.grads[name], Array.from(merged.grads[name].dataSync()));
  });
});

describe("adapters of a model", () => {
  const { config, cases } = golden("qwen2.json");
  const model = qwen2(config, { loraScale: 2 });
  const sequences = cases.map(({ ids, wanted }) => ({ ids, wanted }));
  const targets = cases.flatMap((c) => c.targets);
  const target = "model.layers.1.self_attn.v_proj";
  const adapter = (b: number): Params => ({
    [`${target}.lora_A.weight`]: matrix("A", rank, 32),
    [`${target}.lora_B.weight`]: tf.mul(matrix("B", 16, rank), b),
  });

  test("with B = 0 change nothing, else what their merged weight does", () => {
    const frozen = goldenParameters(model.shapes);
    const plain = logitsOf(model, frozen, sequences);
    expectClose(logitsOf(model, { ...frozen, ...adapter(0) }, sequences), plain);
    const phi = adapter(1);
    const delta = tf.matMul(phi[`${target}.lora_B.weight`], phi[`${target}.lora_A.weight`]);
    const merged = { ...frozen, [`${target}.weight`]: tf.add(frozen[`${target}.weight`], tf.mul(delta, 2)) };
    const adapted = logitsOf(model, { ...frozen, ...phi }, sequences);
    expectClose(adapted, logitsOf(model, merged, sequences), { relative: 1e-5 });
    expect(Math.max(...adapted.map((z, i) => Math.abs(z - plain[i])))).toBeGreaterThan(0.01);
  });

  test("have the gradients that they have among all parameters", () => {
    const frozen = goldenParameters(model.shapes);
    const phi = adapter(1);
    const alone = lossAndGrads(model, [phi, frozen], sequences, targets);
    const all = lossAndGrads(model, [{ ...frozen, ...phi }], sequences, targets);
    for (const name of Object.keys(phi)) expectClose(alone.grads[name], Array.from(all.grads[name].dataSync()));
  });
});

describe("parameters", () => {
  test("are the same for the same seed, and each has a stream of its own", () => {
    const small = { "a.weight": [2, 3], "a.bias": [2], "norm.weight": [3] };
    const [first, second] = [initialParameters(small, 1), initialParameters({ "new.weight": [4], ...small }, 1)];
    for (const name of Object.keys(small))
      expectClose(first[name], Array.from(second[name].dataSync()), { relative: 0 });
    const plain = (name: string) => Array.from(initialParameters(small, 1)[name].dataSync());
    expect(plain("norm.weight")).toEqual([1, 1, 1]);
    expect(plain("a.bias")).toEqual([0, 0]);
    const other = Array.from(initialParameters(small, 2)["a.weight"].dataSync());
    expect(other).not.toEqual(plain("a.weight"));
    expect(parameterCount(small)).toBe(11);
  });

  test("that do not fit are all listed in one error", () => {
    const shapes = { a: [2, 3], b: [4], c: [1] };
    const found = { a: { shape: [3, 2] }, c: { shape: [1] }, d: { shape: [5] }, "c.lora_A.weight": { shape: [1, 1] } };
    const isAdapter = (name: string) => name.includes(".lora_");
    expect(() => checkParameters(found, shapes, "m.safetensors", isAdapter)).toThrow(
      "m.safetensors does not fit its config; use the config.json that belongs to it:\n" +
        "  wrong shape: a is [3, 2], the config asks for [2, 3]\n  missing: b [4]\n  unexpected: d [5]",
    );
    expect(() =>
      checkParameters({ a: { shape: [2, 3] }, b: { shape: [4] }, c: { shape: [1] } }, shapes, "m"),
    ).not.toThrow();
  });
});
