import * as tf from "@tensorflow/tfjs-core";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { solveBilevel } from "../../lib/bilevel/engine.js";
import { useBackend } from "../../lib/core/backend.js";
import { fromPlain, type Params, toPlain, valueAndGrads } from "../../lib/core/tree.js";
import { prmBatches } from "../../lib/data/batch.js";
import { encodeSolutions, encodeSteps, prefixes } from "../../lib/data/encode.js";
import type { Solution } from "../../lib/data/types.js";
import { linearHead, mlpHead } from "../../lib/model/head.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { scoreSteps } from "../../lib/model/score.js";
import { frozenBackbone, fullBackbone } from "../../lib/vlm/backbone.js";
import { encodeHidden, hiddenFeatures } from "../../lib/vlm/hiddenStates.js";
import { lora, loraBackbone, mergedWeights } from "../../lib/vlm/lora.js";
import { numberedRewardModel } from "../../lib/vlm/numberedRewardModel.js";
import { loadPeft, savePeft } from "../../lib/vlm/peft.js";
import { labelLayout, lastTokenLayout } from "../../lib/vlm/prompt.js";
import { promptBook, promptEncoder } from "../../lib/vlm/promptBook.js";
import { HEAD_WEIGHT, labelToken, lastTokenHead } from "../../lib/vlm/rewardModels.js";
import { loadWeights, openVisionModel, type VisionModel } from "../../lib/vlm/visionModel.js";
import { domainTable } from "../../lib/weighting/domainTable.js";
import { pythonWith } from "../checkpoint/python.js";
import { expectClose } from "../expectClose.js";
import { tinyImages, tinyInternVl, tinyQwen2Vl, tinySolutions, tinyTrainSet } from "./tinyModels.js";

const folder = mkdtempSync(join(tmpdir(), "vlm-modes-"));
let solutions: Solution[];
let qwen: VisionModel;
let weights: Params;

beforeAll(async () => {
  await useBackend();
  solutions = tinySolutions(await tinyImages(join(folder, "images")));
  qwen = await openVisionModel(await tinyQwen2Vl(join(folder, "qwen")));
  weights = await loadWeights(qwen);
});
afterAll(() => {
  tf.dispose(weights);
  rmSync(folder, { recursive: true });
});

const dispose = (tree: unknown) => tf.dispose(tree as tf.TensorContainer);

/** Adapters that do something: B is zero at the start. */
function moved(phi: Params): Params {
  return tf.tidy(() =>
    Object.fromEntries(
      Object.entries(phi).map(([name, x], i) => [name, tf.add(x, tf.randomNormal(x.shape, 0, 0.1, "float32", i + 1))]),
    ),
  );
}

describe("LoRA", () => {
  test("targets are ends of names or a pattern; wrong ones are named", () => {
    const { shapes } = qwen.model;
    expect(lora(shapes, { rank: 2, targets: ["q_proj"] }).modules).toEqual([
      "model.layers.0.self_attn.q_proj",
      "model.layers.1.self_attn.q_proj",
    ]);
    expect(lora(shapes, { rank: 2, targets: "visual\\..*\\.(qkv|proj)" }).modules).toEqual([
      "visual.blocks.0.attn.qkv",
      "visual.blocks.0.attn.proj",
    ]);
    expect(lora(shapes).modules).toHaveLength(14);
    expect(lora(shapes, { rank: 3 }).shapes["model.layers.1.mlp.down_proj.lora_A.weight"]).toEqual([3, 48]);
    expect(() => lora(shapes, { targets: ["query"] })).toThrow(/no linear map matches .*"query".* end in .*q_proj/);
    expect(() => lora(shapes, { rank: 0 })).toThrow(/rank .* got 0/);
  });

  test("merged weights give the same scores as adapters beside them, and start as the model itself", async () => {
    const adapters = lora(qwen.model.shapes, {
      rank: 3,
      alpha: 12,
      targets: ["q_proj", "down_proj", "qkv", "merger.mlp.0"],
    });
    const scaled = await openVisionModel(qwen.folder, { loraScale: adapters.scale });
    const prm = lastTokenHead({ model: scaled.model, backbone: loraBackbone(weights, adapters) });
    const plain = lastTokenHead({ model: qwen.model, backbone: frozenBackbone(weights) });
    const [start, head] = [prm.init(2), plain.init(2)];
    const book = promptBook(qwen, lastTokenLayout(qwen), { microBatch: 4 });
    const batch = book.batch(await book.add(solutions.flatMap(prefixes)));
    expectClose(prm.apply(start, batch), Array.from(plain.apply(head, batch).dataSync()), {
      relative: 0,
      absolute: 1e-6,
    });

    const phi = moved(start);
    const merged = mergedWeights(weights, phi, adapters);
    const whole = lastTokenHead({ model: qwen.model, backbone: fullBackbone(merged) });
    const separate = Array.from(prm.apply(phi, batch).dataSync());
    const joined = { ...merged, [HEAD_WEIGHT]: phi[HEAD_WEIGHT], "reward_head.bias": phi["reward_head.bias"] };
    expectClose(whole.apply(joined, batch), separate, { relative: 1e-5 });
    // and they are not those of the model without adapters
    expect(Math.abs(separate[0] - prm.apply(start, batch).dataSync()[0])).toBeGreaterThan(1e-3);
    dispose([start, head, batch, phi, merged]);
  });

  test("checkpointed gradients of adapters are those without", async () => {
    const adapters = lora(qwen.model.shapes, { rank: 2 });
    const sums = [];
    for (const checkpointing of [false, true]) {
      const vision = await openVisionModel(qwen.folder, { checkpointing, loraScale: adapters.scale });
      const prm = lastTokenHead({ model: vision.model, backbone: loraBackbone(weights, adapters) });
      const start = prm.init(1);
      const phi = moved(start);
      const book = promptBook(vision, lastTokenLayout(vision));
      const batch = book.batch(await book.add(prefixes(solutions[0])));
      const { value, grads } = valueAndGrads((p) => tf.sum(prm.apply(p, batch)), phi);
      sums.push(toPlain(grads));
      dispose([start, phi, batch, value, grads]);
    }
    for (const [name, { values }] of Object.entries(sums[0]))
      expectClose(sums[1][name].values, values, { relative: 1e-4, absolute: 1e-7 });
  });

  test("adapters go through PEFT's files unchanged, and Python reads them", async () => {
    const adapters = lora(qwen.model.shapes, { rank: 2, alpha: 6, targets: ["k_proj"] });
    const prm = lastTokenHead({ model: qwen.model, backbone: loraBackbone(weights, adapters) });
    const start = prm.init(1);
    const phi = moved(start);
    const target = join(folder, "adapters");
    await savePeft(target, toPlain(phi), adapters, "Qwen/Qwen2-VL-2B-Instruct");
    const loaded = await loadPeft(target, qwen.model);
    expect(loaded.lora).toEqual(adapters);
    expect(Object.keys(loaded.phi).sort()).toEqual(Object.keys(phi).sort());
    for (const [name, x] of Object.entries(phi))
      expectClose(loaded.phi[name], Array.from(x.dataSync()), { relative: 0 });

    const python = pythonWith("safetensors", "numpy");
    if (python) {
      const program = `import json, sys
from safetensors.numpy import load_file
print(json.dumps({k: [list(v.shape), float(v.sum())] for k, v in load_file(sys.argv[1]).items()}))`;
      const read = (await python(program, [join(target, "adapter_model.safetensors")])) as Record<
        string,
        [number[], number]
      >;
      expect(Object.keys(read)).toHaveLength(4);
      const name = "model.layers.1.self_attn.k_proj.lora_A.weight";
      expect(read[`base_model.model.${name}`][0]).toEqual([2, 32]);
      expectClose([read[`base_model.model.${name}`][1]], [phi[name].dataSync<"float32">().reduce((a, b) => a + b)], {
        relative: 1e-4,
      });
    }
    writeFileSync(
      join(target, "adapter_config.json"),
      JSON.stringify({ peft_type: "LORA", r: 4, lora_alpha: 6, target_modules: ["k_proj"] }),
    );
    await expect(loadPeft(target, qwen.model)).rejects.toThrow(
      /of another shape: .*k_proj.lora_A.weight \[2, 32\] instead of \[4, 32\]/,
    );
    dispose([start, phi]);
  });
});

test("a head on cached hidden states trains to the same losses as on the model, without the model", async () => {
  const prm = lastTokenHead({ model: qwen.model, backbone: frozenBackbone(weights), reads: "hidden" });
  const nothing = prm.init(1);
  const source = { model: "tiny", layout: "last-token" };
  const target = join(folder, "states");
  const encode = (some: readonly Solution[]) => {
    const book = promptBook(qwen, lastTokenLayout(qwen));
    return encodeHidden(some.flatMap(prefixes), { folder: target, prm, phi: nothing, book, source });
  };
  expect(await encode(solutions.slice(0, 2))).toEqual({ computed: 3, total: 3 });
  await expect(hiddenFeatures(target).then((e) => e.encode(solutions.flatMap(prefixes)))).rejects.toThrow(
    /lacks the states of 5 of 8 steps, the first step 1 to "What is 6/,
  );
  expect(await encode(solutions)).toEqual({ computed: 5, total: 8 });
  expect(await encode(solutions)).toEqual({ computed: 0, total: 8 });
  const other = {
    folder: target,
    prm,
    phi: nothing,
    book: promptBook(qwen, lastTokenLayout(qwen)),
    source: { model: "other" },
  };
  await expect(encodeHidden([], other)).rejects.toThrow(/holds states of \{"model":"tiny".*not of \{"model":"other"\}/);

  const cached = await hiddenFeatures(target);
  expect(cached.size).toBe(32);
  const train = tinyTrainSet(solutions);
  const head = linearHead({ features: cached.size });
  const book = promptBook(qwen, lastTokenLayout(qwen), { microBatch: 2 });
  await book.prepare([...train.samples, ...solutions]);
  const numbered = numberedRewardModel(prm, book);
  const losses: number[][] = [];
  const startOf = { weight: toPlain(nothing)[HEAD_WEIGHT].values, bias: toPlain(nothing)["reward_head.bias"].values };
  for (const on of ["cached", "model"] as const) {
    const encoder = on === "cached" ? cached : promptEncoder(book);
    const batches = prmBatches({
      train: encodeSteps(train, encoder),
      meta: encodeSolutions(solutions, encoder),
      batchSize: 3,
      metaBatchSize: 2,
    });
    const problem = prmProblem({ prm: on === "cached" ? head : numbered, weighting: domainTable(train.domains) });
    const init = (seed: number) => {
      const { phi, alpha } = problem.init(seed);
      dispose(phi);
      const [w, b] = [startOf.weight, startOf.bias];
      if (on === "model")
        return {
          phi: fromPlain({
            [HEAD_WEIGHT]: { shape: [1, 32], values: w },
            "reward_head.bias": { shape: [1], values: b },
          }),
          alpha,
        };
      return {
        phi: fromPlain({ "head/weight": { shape: [32, 1], values: w }, "head/bias": { shape: [1], values: b } }),
        alpha,
      };
    };
    const level = { optimizer: { kind: "adamw", weightDecay: 0 }, learningRate: 1e-2 } as const;
    const seen: number[] = [];
    for await (const { lower, upper } of solveBilevel({ ...problem, init }, batches, {
      iterations: 8,
      lower: level,
      upper: { ...level, unrollSteps: 2 },
    })) {
      seen.push(lower.weightedLoss, ...(upper ? [upper.loss, upper.gradientNorm] : []));
    }
    losses.push(seen);
  }
  expectClose(losses[1], losses[0], { relative: 2e-4 });
  numbered.dispose();
  dispose(nothing);
});

test("prompts by number score and differentiate like prompts themselves, and free what they keep", async () => {
  const vision = await openVisionModel(await tinyInternVl(join(folder, "intern")));
  const base = await loadWeights(vision);
  const adapters = lora(vision.model.shapes, { rank: 2 });
  const prm = labelToken({ model: vision.model, backbone: loraBackbone(base, adapters), labels: [43 - 33, 45 - 33] });
  const book = promptBook(vision, labelLayout(vision));
  const inputs = solutions.flatMap(prefixes);
  await book.prepare(inputs);
  const start = prm.init(1);
  const phi = moved(start);
  const before = tf.memory().numTensors;
  const numbered = numberedRewardModel(prm, book);
  const features = promptEncoder(book).encode(inputs);
  const batch = book.batch(features.values);
  const expected = Array.from(tf.tidy(() => prm.apply(phi, batch).dataSync()));
  expectClose(scoreSteps(numbered, phi, features), expected, { relative: 1e-5 });
  const rows = tf.tensor2d(features.values, [features.rows, 1]);
  const ours = valueAndGrads((p) => tf.sum(tf.square(numbered.apply(p, rows))), phi);
  const theirs = valueAndGrads((p) => tf.sum(tf.square(prm.apply(p, batch))), phi);
  for (const [name, grad] of Object.entries(theirs.grads))
    expectClose(ours.grads[name], Array.from(grad.dataSync()), { relative: 1e-5, absolute: 1e-7 });
  numbered.dispose();
  dispose([ours, theirs, batch, rows]);
  expect(tf.memory().numTensors).toBe(before);
  dispose([base, start, phi]);
});

test("a head with hidden units takes the cached states like any features", async () => {
  const encoder = await hiddenFeatures(join(folder, "states"));
  const prm = mlpHead({ features: encoder.size, hidden: 4 });
  const phi = prm.init(1);
  const scores = scoreSteps(prm, phi, encoder.encode(solutions.flatMap(prefixes)));
  expect(new Set(scores).size).toBe(8);
  dispose(phi);
});

describe("bad checkpoints", () => {
  test("another architecture, a tensor too few and another tokenizer are named", async () => {
    const made = await tinyQwen2Vl(join(folder, "bad"));
    const config = JSON.parse(
      JSON.stringify((await import("node:fs")).readFileSync(join(made, "config.json"), "utf8")),
    ) as string;
    const change = (fields: object) =>
      writeFileSync(join(made, "config.json"), JSON.stringify({ ...(JSON.parse(config) as object), ...fields }));
    change({ model_type: "internvl" });
    await expect(openVisionModel(made)).rejects.toThrow(
      /config.json: model_type is "internvl"; what can be loaded is .* without -hf/,
    );
    change({ vocab_size: 200 });
    await expect(openVisionModel(made)).rejects.toThrow(/has 2\d\d tokens, the model 200/);
    change({ num_hidden_layers: 3 });
    await expect(openVisionModel(made).then(loadWeights)).rejects.toThrow(/missing: .*model.layers.2/);
    change({ hidden_size: "many" });
    await expect(openVisionModel(made)).rejects.toThrow(/config.json: .*hidden_size/s);
  });
});
