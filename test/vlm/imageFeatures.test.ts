import * as tf from "@tensorflow/tfjs-core";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { solveBilevel } from "../../lib/bilevel/engine.js";
import { labelTokens } from "../../lib/checkpoint/labelTokens.js";
import { useBackend } from "../../lib/core/backend.js";
import { type Params, valueAndGrads } from "../../lib/core/tree.js";
import { prefixes } from "../../lib/data/encode.js";
import type { Solution } from "../../lib/data/types.js";
import type { ModelImage } from "../../lib/image/types.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { scoreSteps } from "../../lib/model/score.js";
import { frozenBackbone } from "../../lib/vlm/backbone.js";
import { featureShelf } from "../../lib/vlm/featureShelf.js";
import { encodeHidden, hiddenFeatures } from "../../lib/vlm/hiddenStates.js";
import { lora, loraBackbone, type LoraOptions } from "../../lib/vlm/lora.js";
import { estimateMemory } from "../../lib/vlm/memory.js";
import { numberedRewardModel } from "../../lib/vlm/numberedRewardModel.js";
import { labelLayout, lastTokenLayout } from "../../lib/vlm/prompt.js";
import { promptBook, promptEncoder } from "../../lib/vlm/promptBook.js";
import { labelToken, lastTokenHead } from "../../lib/vlm/rewardModels.js";
import { loadWeights, openVisionModel, type VisionModel } from "../../lib/vlm/visionModel.js";
import { visionPrm, type VisionPrmOptions } from "../../lib/vlm/visionPrm.js";
import { vlmBatches } from "../../lib/vlm/vlmBatches.js";
import { domainTable } from "../../lib/weighting/domainTable.js";
import { tinyImages, tinyInternVl, tinyQwen2Vl, tinySolutions, tinyTrainSet } from "./tinyModels.js";

const folder = mkdtempSync(join(tmpdir(), "vlm-features-"));
let solutions: Solution[];

beforeAll(async () => {
  await useBackend();
  const [wide, small] = await tinyImages(join(folder, "images"));
  solutions = tinySolutions([wide, small]);
  // the same picture under another name
  const copy = join(folder, "copy.png");
  copyFileSync(wide, copy);
  solutions.push({ ...solutions[0], id: "s9", questionId: "q9", question: "What is 9 + 4?", image: copy });
  await tinyQwen2Vl(join(folder, "qwen"));
  await tinyInternVl(join(folder, "intern"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const dispose = (tree: unknown) => tf.dispose(tree as tf.TensorContainer);

/** A shelf that counts how often the tower runs. */
function countedShelf({ model: { tower } }: VisionModel, weights: Params) {
  if (tower === undefined) throw new Error("no tower");
  const counted = { runs: 0 };
  const see: typeof tower.see = (...given) => {
    counted.runs++;
    return tower.see(...given);
  };
  return { counted, features: featureShelf({ tower: { ...tower, see }, weights }) };
}

async function opened(name: "qwen" | "intern", options: { checkpointing?: boolean; loraScale?: number } = {}) {
  const vision = await openVisionModel(join(folder, name), options);
  return { vision, weights: await loadWeights(vision) };
}

describe("training with features kept is training with the tower in every pass, to the last bit", () => {
  test.each([
    { name: "qwen", microBatch: 1, checkpointing: false, hypergradient: "darts" },
    { name: "qwen", microBatch: 3, checkpointing: true, hypergradient: "darts" },
    { name: "intern", microBatch: 2, checkpointing: false, hypergradient: "darts" },
    { name: "intern", microBatch: 1, checkpointing: true, hypergradient: "dot" },
  ] as const)("%o", async ({ name, microBatch, checkpointing, hypergradient }) => {
    const { vision, weights } = await opened(name, { checkpointing });
    const adapters = lora(vision.model.shapes, { rank: 2 });
    const shared = { model: vision.model, backbone: loraBackbone(weights, adapters), microBatches: microBatch === 1 };
    const labels = () => labelTokens(vision.tokenizer, ["+", "-"]) as [number, number];
    const prm = name === "intern" ? labelToken({ ...shared, labels: labels() }) : lastTokenHead(shared);
    const layout = name === "intern" ? labelLayout(vision) : lastTokenLayout(vision);
    const train = tinyTrainSet(solutions);
    const before = tf.memory().numTensors;
    const { counted, features } = countedShelf(vision, weights);
    const recorded: unknown[][] = [];
    for (const on of [features, undefined]) {
      const book = promptBook(vision, layout, { microBatch, ...(on && { features: on }) });
      const batches = await vlmBatches({ book, train, meta: solutions, batchSize: 4, metaBatchSize: 3 });
      const problem = prmProblem({ prm, weighting: domainTable(train.domains), stepLoss: "crossEntropy" });
      const level = { optimizer: { kind: "adamw", weightDecay: 0 }, learningRate: 1e-2 } as const;
      const seen: unknown[] = [];
      let tensors = 0;
      for await (const { iteration, lower, upper } of solveBilevel(problem, batches, {
        ...{ iterations: on ? 20 : 6, seed: 3, hypergradient: { method: hypergradient } },
        ...{ lower: level, upper: { ...level, unrollSteps: 2 } },
      })) {
        seen.push([lower.weightedLoss, lower.gradientNorm, upper?.loss, upper?.gradientNorm]);
        if (iteration === 2) tensors = tf.memory().numTensors;
        if (iteration > 2 && iteration % 2 === 0) expect(tf.memory().numTensors).toBe(tensors);
      }
      recorded.push(seen);
    }
    expect(recorded[0].slice(0, 6)).toEqual(recorded[1]);
    // two pictures under three names
    expect(counted.runs).toBe(2);
    expect(tf.memory().numTensors).toBe(before);
    dispose(weights);
  });
});

test("scores and hidden states are the same, each picture seen once", async () => {
  const { vision, weights } = await opened("qwen");
  const prm = lastTokenHead({ model: vision.model, backbone: frozenBackbone(weights), reads: "hidden" });
  const phi = prm.init(1);
  const inputs = solutions.flatMap(prefixes);
  const { counted, features } = countedShelf(vision, weights);
  const made = await Promise.all(
    [features, undefined].map(async (on) => {
      const book = promptBook(vision, lastTokenLayout(vision), on && { features: on });
      const states = join(folder, on ? "with" : "without");
      await encodeHidden(inputs, { folder: states, prm, phi, book, source: {} });
      const { values } = (await hiddenFeatures(states)).encode(inputs);
      return { values, scores: scoreSteps(numberedRewardModel(prm, book), phi, promptEncoder(book).encode(inputs)) };
    }),
  );
  expect(made[0]).toEqual(made[1]);
  expect(counted.runs).toBe(2);
  dispose([phi, weights]);
});

describe("visionPrm", () => {
  test.each<[string, boolean, Pick<VisionPrmOptions, "tune" | "lora" | "readout">]>([
    ["qwen", true, {}],
    ["intern", true, {}],
    ["intern", true, { readout: "logits" }],
    ["qwen", true, { tune: "frozen" }],
    ["qwen", false, { tune: "full" }],
    ["qwen", false, { lora: { targets: ["q_proj", "qkv"] } }],
    ["qwen", false, { lora: { targets: "visual\\.merger\\.mlp\\.2" } }],
    ["intern", false, { lora: { targets: ["mlp1.1"] } }],
  ])("%s keeps features, %s, with %o", async (name, kept, options) => {
    const before = tf.memory().numTensors;
    const { book, prm, load, dispose: free } = await visionPrm(join(folder, name), options);
    await book.add(prefixes(solutions[0]));
    await load();
    const [phi, batch] = [prm.init(1), book.batch([0, 1])];
    for (const { images } of batch.parts as unknown as { images: object }[]) expect("feature_MH" in images).toBe(kept);
    const { value, grads } = valueAndGrads((p) => tf.sum(prm.apply(p, batch)), phi);
    expect(Object.values(grads).every((grad) => grad.dataSync<"float32">().every(Number.isFinite))).toBe(true);
    // what the tower trains moves
    const moved = Object.entries(grads).filter(([, grad]) => grad.dataSync<"float32">().some((x) => x !== 0));
    expect(moved.some(([name]) => /visual|mlp1/.test(name))).toBe(!kept);
    free();
    dispose([phi, batch, value, grads]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("estimates the memory of features by their pictures, up to the limit, and frees them", async () => {
    const options = { lora: { rank: 2 } satisfies LoraOptions };
    const { book, memory, vision, load, dispose: free } = await visionPrm(join(folder, "qwen"), options);
    const limited = await visionPrm(join(folder, "qwen"), { ...options, maxFeatureBytes: 1000 });
    const trained = await visionPrm(join(folder, "qwen"), { lora: { rank: 2, targets: ["q_proj", "qkv"] } });
    for (const each of [book, limited.book, trained.book]) await each.add(solutions.flatMap(prefixes));
    await load();
    const weights = await loadWeights(vision);
    const { features } = countedShelf(vision, weights);
    const own = promptBook(vision, lastTokenLayout(vision), { features });
    dispose(own.batch(await own.add(solutions.flatMap(prefixes))));
    expect(memory(true).featureBytes).toBe(features.bytes);
    expect(features.bytes).toBe(4 * vision.model.hiddenSize * own.imageTokens);
    expect(limited.memory(true).featureBytes).toBe(1000);
    expect(trained.memory(true).featureBytes).toBe(0);
    // beforehand the tower sees one picture at a time
    const use = { trained: {}, full: false, training: false, checkpointing: false, tokens: 1, imageTokens: 64 };
    const activations = (sequences: number, featureBytes?: number) =>
      estimateMemory(vision, { ...use, sequences, ...(featureBytes !== undefined && { featureBytes }) })
        .activationBytes;
    expect(activations(8, 0)).toBeLessThan(activations(8));
    expect(activations(1, 0)).toBe(activations(1));
    features.clear();
    expect(features.bytes).toBe(0);
    free();
    expect(() => book.batch([0])).toThrow(/the model's parameters lack "patch_embed/);
    dispose(weights);
  });
});

describe("a shelf", () => {
  const image: ModelImage = { shape: [1], tokens: 2 };
  const made = (maxBytes?: number) => {
    const runs: number[] = [];
    const tower = {
      owns: () => true,
      see: (of: ModelImage) => {
        runs.push(of.tokens);
        return { ...of, features: new Float32Array(of.tokens) };
      },
    };
    return { runs, shelf: featureShelf({ tower, weights: {}, ...(maxBytes !== undefined && { maxBytes }) }) };
  };
  const picture = (tokens: number) => () => ({ ...image, tokens });

  test("lets those go that were unused for longest", () => {
    const { runs, shelf } = made(24);
    for (const tokens of [1, 2, 3, 1]) shelf.see(`${tokens}`, picture(tokens));
    expect([runs, shelf.bytes]).toEqual([[1, 2, 3], 24]);
    // 2 goes for 4, then 3, since 1 was used after both
    shelf.see("4", picture(4));
    expect(shelf.bytes).toBe(20);
    shelf.see("1", picture(1));
    expect(runs).toEqual([1, 2, 3, 4]);
    shelf.see("3", picture(3));
    expect([runs, shelf.bytes]).toEqual([[1, 2, 3, 4, 3], 16]);
  });

  test("with no room keeps none, and a limit below 0 is refused", () => {
    const { runs, shelf } = made(0);
    shelf.see("a", picture(5));
    shelf.see("a", picture(5));
    expect([runs, shelf.bytes]).toEqual([[5, 5], 0]);
    expect(() => made(-1)).toThrow(/must be 0 or more, got -1/);
    expect(() => made(NaN)).toThrow(/got NaN/);
  });
});
