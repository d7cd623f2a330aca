import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { secondOrderProducts } from "../../../lib/core/secondOrder.js";
import { axpy, dotTree, type Params, valueAndGrads } from "../../../lib/core/tree.js";
import { qwen2 } from "../../../lib/model/qwen2/qwen2.js";
import { qwen2Vl } from "../../../lib/model/qwen2vl/qwen2vl.js";
import { expectClose } from "../../expectClose.js";
import {
  crossEntropy,
  disposeBatch,
  golden,
  goldenParameters,
  lossAndGrads,
  onEveryBackend,
  uniform,
} from "../golden.js";

const { config, cases } = golden("qwen2.json");
const sequences = cases.map(({ ids, wanted }) => ({ ids, wanted }));
const targets = cases.flatMap((c) => c.targets);
const plain = qwen2(config);
const recomputing = qwen2(config, { checkpointing: true });
const disposeAll = (...trees: unknown[]) => tf.dispose(trees as tf.TensorContainer);

function expectSameGrads(ours: Params, theirs: Params): void {
  expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  for (const name of Object.keys(ours)) {
    expectClose(ours[name], Array.from(theirs[name].dataSync()), { relative: 1e-5, absolute: 1e-8 });
  }
}

onEveryBackend(() => {
  test("recomputed blocks have the same gradients, of all parameters and of a few", () => {
    const phi = goldenParameters(plain.shapes);
    const few = Object.fromEntries(
      Object.entries(phi).filter(([name]) => /layers\.1\.mlp|layers\.0.*k_proj/.test(name)),
    );
    for (const trained of [phi, few]) {
      const [a, b] = [recomputing, plain].map((m) => lossAndGrads(m, [trained, phi], sequences, targets));
      expectClose(a.value, Array.from(b.value.dataSync()));
      expectSameGrads(a.grads, b.grads);
    }
    disposeAll(phi);
  });

  test("no tensor is left over by passes forward and backward", () => {
    const phi = goldenParameters(plain.shapes);
    for (const model of [plain, recomputing]) {
      const before = tf.memory().numTensors;
      for (let i = 0; i < 3; i++) {
        const { value, grads } = lossAndGrads(model, [phi], sequences, targets);
        disposeAll(value, grads);
        const batch = model.batch(sequences);
        const { hidden_BLH, wanted_PH, logit_PV } = model.forward(phi, batch);
        disposeAll(hidden_BLH, wanted_PH, logit_PV);
        disposeBatch(batch);
      }
      expect(tf.memory().numTensors).toBe(before);
    }
    disposeAll(phi);
  });
});

/** bytes above what lies there at the start, at the highest point of a loss and its gradients */
async function peak(checkpointing: boolean, trained: RegExp): Promise<number> {
  const model = qwen2({ ...config, num_hidden_layers: 6, max_position_embeddings: 512 }, { checkpointing });
  const all = goldenParameters(model.shapes);
  const phi = Object.fromEntries(Object.entries(all).filter(([name]) => trained.test(name)));
  const ids = Array.from({ length: 200 }, (_, i) => i % 90);
  const start = tf.memory().numBytes;
  const { peakBytes } = await tf.profile(() => {
    const { value, grads } = lossAndGrads(model, [phi, all], [{ ids, wanted: [199] }], [3]);
    disposeAll(value, grads);
    return [];
  });
  disposeAll(all);
  return peakBytes - start;
}

test("recomputing lowers the peak of memory, and a frozen lower part costs none", async () => {
  const whole = await peak(false, /./);
  expect(await peak(true, /./)).toBeLessThan(whole / 2);
  expect(await peak(false, /layers\.5\./)).toBeLessThan(whole / 2);
});

describe("vision towers", () => {
  const config = golden("qwen2vl.json").config;
  const images = [{ grid: [1, 4, 6] as const, patches: uniform("p", 24 * 96) }];
  const sequence = { ids: [3, 92, 90, 90, 90, 90, 90, 90, 93, 4], wanted: [9], images };

  test("recomputed have the same gradients; frozen ones leave those of the language model alone", () => {
    const [a, b] = [true, false].map((checkpointing) => qwen2Vl(config, { checkpointing }));
    const phi = goldenParameters(a.shapes);
    const text = Object.fromEntries(Object.entries(phi).filter(([name]) => !name.startsWith("visual.")));
    const tower = Object.fromEntries(Object.entries(phi).filter(([name]) => name.startsWith("visual.blocks.1.")));
    const all = lossAndGrads(b, [phi], [sequence], [7]).grads;
    for (const [model, trained] of [
      [a, phi],
      [a, text],
      [b, text],
      [a, tower],
      [b, tower],
    ] as const) {
      const { grads } = lossAndGrads(model, [trained, phi], [sequence], [7]);
      expectSameGrads(grads, Object.fromEntries(Object.keys(trained).map((name) => [name, all[name]])));
    }
  });
});

/** (∇f(φ + εu) − ∇f(φ − εu)) / 2ε against the gradient of the gradient */
function expectSecondOrder(f: (phi: Params) => tf.Scalar, phi: Params): void {
  const u = Object.fromEntries(
    Object.entries(phi).map(([name, t]) => [name, tf.tensor(uniform(`u ${name}`, t.size), t.shape)]),
  );
  const product = secondOrderProducts((p) => f(p), phi, {}, u).phi;
  const epsilon = 3e-3;
  const [up, down] = [epsilon, -epsilon].map((e) => valueAndGrads(f, axpy(e, u, phi)).grads);
  const difference = axpy(-1, down, up);
  const scale = Math.sqrt(dotTree(product, product).dataSync()[0]);
  for (const name of Object.keys(phi)) {
    const expected = difference[name].dataSync().map((d) => d / (2 * epsilon));
    expectClose(product[name], expected, { relative: 0, absolute: 3e-3 * scale });
  }
}

describe("second order", () => {
  test("is exact through a language model", () => {
    const phi = goldenParameters(plain.shapes);
    const batch = plain.batch(sequences, "left");
    expectSecondOrder((p) => crossEntropy(plain.forward(p, batch).logit_PV, targets), phi);
  });

  test("is exact through a vision tower", () => {
    const { config } = golden("qwen2vl.json");
    const model = qwen2Vl(config);
    const frozen = goldenParameters(model.shapes);
    const phi = Object.fromEntries(Object.entries(frozen).filter(([name]) => /^visual\..*weight/.test(name)));
    const images = [[1, 2, 4] as const, [1, 2, 2] as const].map((grid) => ({
      grid,
      patches: uniform(String(grid), 96 * grid[1] * grid[2]),
    }));
    const batch = model.batch([{ ids: [3, 90, 90, 4, 90, 5], wanted: [0, 5], images }]);
    expectSecondOrder((p) => crossEntropy(model.forward(p, batch, frozen).logit_PV, [1, 2]), phi);
  });

  test("is refused through recomputed blocks", () => {
    const phi = goldenParameters(recomputing.shapes);
    const batch = recomputing.batch(sequences);
    const f = (p: Params) => crossEntropy(recomputing.forward(p, batch).logit_PV, targets);
    expect(() => secondOrderProducts(f, phi, {}, phi)).toThrow(/cannot pass a custom gradient/);
  });
});
