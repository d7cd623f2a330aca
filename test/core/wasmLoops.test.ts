import * as tf from "@tensorflow/tfjs-core";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import wabt from "wabt";
import { useBackend } from "../../lib/core/backend.js";
import { WASM_LOOPS, wasmLoops } from "../../lib/core/wasmLoops.js";
import { globalNorm } from "../../lib/core/norm.js";
import { adamW } from "../../lib/optim/adamW.js";
import { random } from "../../lib/core/random.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend("wasm"));

test("the compiled form is the text's", async () => {
  const text = readFileSync(join(import.meta.dirname, "../../lib/core/wasmLoops.wat"), "utf8");
  const module = (await wabt()).parseWat("wasmLoops.wat", text, { simd: true, bulk_memory: true });
  expect(Buffer.from(module.toBinary({}).buffer).toString("base64")).toBe(WASM_LOOPS);
});

test("an AdamW update and a norm are those of TensorFlow.js' operations", () => {
  expect(tf.getBackend() === "wasm" ? wasmLoops() : true).toBeDefined();
  const stream = random("loops");
  const draw = () => ({ x: tf.tensor1d(Float32Array.from({ length: 8192 }, () => stream.normal())) });
  const rule = adamW({ weightDecay: 0.1 });
  const params = draw();
  let [pure, fused] = [
    { params, state: rule.init(params) },
    { params: { x: tf.clone(params.x) }, state: rule.init(params) },
  ];
  for (let step = 0; step < 3; step++) {
    const grads = draw();
    pure = rule.update(grads, pure.state, pure.params, 0.01) as typeof pure;
    fused = rule.advance(grads, fused.state, fused.params, 0.01) as typeof fused;
    expectClose(globalNorm(grads), Math.hypot(...grads.x.dataSync()), { relative: 1e-6 });
  }
  expectClose(fused.params.x, pure.params.x, { relative: 1e-5, absolute: 1e-6 });
  expectClose(fused.state.moments.second.x, pure.state.moments.second.x, { relative: 1e-5, absolute: 1e-7 });
});
