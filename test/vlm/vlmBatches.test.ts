import * as tf from "@tensorflow/tfjs-core";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { solveBilevel } from "../../lib/bilevel/engine.js";
import { useBackend } from "../../lib/core/backend.js";
import type { Params } from "../../lib/core/tree.js";
import { prefixes } from "../../lib/data/encode.js";
import type { Solution } from "../../lib/data/types.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { frozenBackbone } from "../../lib/vlm/backbone.js";
import { lora, loraBackbone } from "../../lib/vlm/lora.js";
import { labelLayout, lastTokenLayout } from "../../lib/vlm/prompt.js";
import { promptBook } from "../../lib/vlm/promptBook.js";
import { labelToken, lastTokenHead } from "../../lib/vlm/rewardModels.js";
import { loadWeights, openVisionModel, type VisionModel } from "../../lib/vlm/visionModel.js";
import { vlmBatches } from "../../lib/vlm/vlmBatches.js";
import { domainTable } from "../../lib/weighting/domainTable.js";
import { labelTokens } from "../../lib/checkpoint/labelTokens.js";
import { expectClose } from "../expectClose.js";
import { tinyImages, tinyInternVl, tinyQwen2Vl, tinySolutions, tinyTrainSet } from "./tinyModels.js";

const folder = mkdtempSync(join(tmpdir(), "vlm-"));
let solutions: Solution[];
let qwen: VisionModel;
let intern: VisionModel;
let weights: { qwen: Params; intern: Params };

beforeAll(async () => {
  await useBackend();
  solutions = tinySolutions(await tinyImages(join(folder, "images")));
  qwen = await openVisionModel(await tinyQwen2Vl(join(folder, "qwen")));
  intern = await openVisionModel(await tinyInternVl(join(folder, "intern")));
  weights = { qwen: await loadWeights(qwen), intern: await loadWeights(intern) };
});
afterAll(() => {
  tf.dispose(weights);
  rmSync(folder, { recursive: true });
});

const dispose = (tree: unknown) => tf.dispose(tree as tf.TensorContainer);
const plusMinus = (vision: VisionModel) => labelTokens(vision.tokenizer, ["+", "-"]) as [number, number];

describe("prompts", () => {
  test("the last token's prompt is image, question and partial response in the user's turn", async () => {
    const book = promptBook(qwen, lastTokenLayout(qwen));
    const [first] = await book.add(prefixes(solutions[0]).slice(1));
    const { prompt } = book.at(first);
    const text = qwen.tokenizer.decode(prompt.ids);
    const pads = text.split("<|image_pad|>").length - 1;
    expect(text.replaceAll("<|image_pad|>", "")).toBe(
      "<|im_start|>user\n<|vision_start|><|vision_end|>What is 3 + 4?\n\n3 + 4 is 7.\n\nAnswer: 7<|im_end|>\n<|im_start|>assistant\n",
    );
    // 120 × 60 becomes 84 × 56 or less within 4704 pixels: whole 28 × 28 squares
    expect(pads).toBeGreaterThan(1);
    expect(prompt.answers).toEqual([prompt.ids.length - 1]);
  });

  test("a label's prompt holds every step in a turn of its own; earlier steps are + or as given", async () => {
    const inputs = tinyTrainSet(solutions).samples.filter(({ questionId }) => questionId === "q6");
    for (const [earlierLabels, label] of [
      ["plus", "+"],
      ["given", "-"],
    ] as const) {
      const book = promptBook(intern, labelLayout(intern, { system: "Judge." }), { earlierLabels });
      const rows = await book.add(inputs);
      expect(book.prompts).toBe(1);
      const { prompt } = book.at(rows[2]);
      const text = intern.tokenizer.decode(prompt.ids).replaceAll("<IMG_CONTEXT>", "");
      const turn = (step: string) => `<|im_start|>user\n${step}<|im_end|>\n<|im_start|>assistant\n`;
      const first = "<img></img>\n### Question:\nWhat is 6 + 4?\n\n### Solution Process:\nThe bar is 6 high.";
      const [a, b, c] = [first, "6 + 4 = 11.", "Answer: 11"].map(turn);
      const end = `${label}<|im_end|>\n`;
      expect(text).toBe(`<|im_start|>system\nJudge.<|im_end|>\n${a}${end}${b}${end}${c}`);
      // where the label is to come: the next token is the label
      const labelId = intern.tokenizer.encode(label, { addSpecialTokens: false })[0];
      expect(prompt.answers.slice(0, 2).map((at) => prompt.ids[at + 1])).toEqual([labelId, labelId]);
      expect(prompt.answers[2]).toBe(prompt.ids.length - 1);
    }
  });

  test("what is too long, has a broken image or an image for a text-only model is named before training", async () => {
    const book = promptBook(qwen, lastTokenLayout(qwen), { maxTokens: 40 });
    const { samples } = tinyTrainSet(solutions);
    await expect(book.add(samples)).rejects.toThrow(/row s\d-\d has \d+ tokens or more .* the limit is 40/);
    const broken = join(folder, "broken.png");
    writeFileSync(broken, "no picture");
    const bad = [
      { ...samples[0], image: broken },
      { ...samples[0], image: join(folder, "none.png") },
    ];
    await expect(promptBook(qwen, lastTokenLayout(qwen)).add(bad)).rejects.toThrow(
      /2 image\(s\) cannot be used:[^]*broken.png: not an image/,
    );
  });
});

test("steps in mixed batches have the logits that they have alone, whatever the order", async () => {
  const heads = [
    {
      vision: qwen,
      layout: lastTokenLayout(qwen),
      prm: lastTokenHead({ model: qwen.model, backbone: frozenBackbone(weights.qwen) }),
    },
    {
      vision: intern,
      layout: labelLayout(intern),
      prm: labelToken({ model: intern.model, backbone: frozenBackbone(weights.intern), labels: plusMinus(intern) }),
    },
  ];
  for (const { vision, layout, prm } of heads) {
    const phi = prm.init(3);
    const inputs = solutions.flatMap(prefixes);
    const alone: number[] = [];
    for (const input of inputs) {
      const book = promptBook(vision, layout);
      const batch = book.batch(await book.add([input]));
      const logit_B = prm.apply(phi, batch);
      alone.push(...logit_B.dataSync());
      dispose([batch, logit_B]);
    }
    for (const microBatch of [1, 2, 16]) {
      const book = promptBook(vision, layout, { microBatch, imageFolder: join(folder, "shelf") });
      const rows = await book.add(inputs);
      const shuffled = [5, 0, 7, 2, 1, 6, 4, 3];
      const batch = book.batch(shuffled.map((i) => rows[i]));
      expectClose(
        prm.apply(phi, batch),
        shuffled.map((i) => alone[i]),
        { relative: 0, absolute: 2e-5 },
      );
      dispose(batch);
    }
    dispose(phi);
  }
});

const bilevel = (seed: number, iterations: number) =>
  ({
    ...{ iterations, seed },
    lower: { optimizer: { kind: "adamw", weightDecay: 0 }, learningRate: 1e-2 },
    upper: { optimizer: { kind: "adamw", weightDecay: 0 }, learningRate: 1e-2, unrollSteps: 2 },
  }) as const;

test.each(["last token", "label"] as const)(
  "BLO with LoRA, %s: no tensor leaks over 20 iterations, the same seed gives the same losses",
  async (kind) => {
    const vision = kind === "label" ? intern : qwen;
    const base = kind === "label" ? weights.intern : weights.qwen;
    const adapters = lora(vision.model.shapes, { rank: 2, targets: ["q_proj", "v_proj"] });
    const shared = { model: vision.model, backbone: loraBackbone(base, adapters), microBatches: kind === "label" };
    const prm = kind === "label" ? labelToken({ ...shared, labels: plusMinus(vision) }) : lastTokenHead(shared);
    const layout = kind === "label" ? labelLayout(vision) : lastTokenLayout(vision);
    const before = tf.memory().numTensors;
    const losses: number[][] = [];
    for (const iterations of [20, 6]) {
      const book = promptBook(vision, layout, { microBatch: 2 });
      const unit = kind === "label" ? ("solution" as const) : ("step" as const);
      const train = tinyTrainSet(solutions);
      const batches = await vlmBatches({ book, train, meta: solutions, unit, batchSize: 2, metaBatchSize: 3 });
      const problem = prmProblem({ prm, weighting: domainTable(train.domains), stepLoss: "crossEntropy" });
      const seen: number[] = [];
      let tensors = 0;
      for await (const { iteration, lower, upper } of solveBilevel(problem, batches, bilevel(5, iterations))) {
        seen.push(lower.weightedLoss, ...(upper ? [upper.loss] : []));
        if (iteration === 2) tensors = tf.memory().numTensors;
        if (iteration === 20) expect(tf.memory().numTensors).toBe(tensors);
      }
      losses.push(seen);
    }
    expect(losses[0]).toHaveLength(30);
    expect(losses[1]).toEqual(losses[0].slice(0, 9));
    expect(new Set(losses[0]).size).toBeGreaterThan(20);
    expect(tf.memory().numTensors).toBe(before);
  },
);
