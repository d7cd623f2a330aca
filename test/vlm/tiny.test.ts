import * as tf from "@tensorflow/tfjs-core";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { parameterCount } from "../../lib/model/transformer/parameters.js";
import { writeTinyQwen2Vl } from "../../lib/vlm/tiny.js";
import { loadWeights, openVisionModel } from "../../lib/vlm/visionModel.js";

const folder = mkdtempSync(join(tmpdir(), "tiny-"));
const texts = ["### Question:\nHow many pupils?\n\n### Solution Process:\nStep 1: a = 4, b = 12."];

beforeAll(async () => {
  await useBackend();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function weightsOf(name: string, seed?: number) {
  const path = await writeTinyQwen2Vl(join(folder, name), { texts, ...(seed !== undefined && { seed }) });
  const vision = await openVisionModel(path);
  return { vision, weights: await loadWeights(vision) };
}

test("a tiny Qwen2-VL has a few hundred thousand parameters and labels that are tokens", async () => {
  const { vision, weights } = await weightsOf("one");
  expect(parameterCount(vision.model.shapes)).toBeGreaterThan(200_000);
  expect(parameterCount(vision.model.shapes)).toBeLessThan(600_000);
  expect(vision.tokenizer.encode("+-", { addSpecialTokens: false }).length).toBe(2);
  tf.dispose(weights);
});

test("its weights are the same for the same seed, and vary by 1 / inputs", async () => {
  const [first, same, other] = [await weightsOf("a"), await weightsOf("b"), await weightsOf("c", 2)];
  for (const name of Object.keys(first.weights)) {
    expect(same.weights[name].dataSync()).toEqual(first.weights[name].dataSync());
  }
  const name = "visual.patch_embed.proj.weight";
  const variance = tf.tidy(() => tf.moments(other.weights[name]).variance.dataSync()[0] * 588);
  expect(variance).toBeGreaterThan(0.95);
  expect(variance).toBeLessThan(1.05);
  expect(other.weights[name].dataSync()).not.toEqual(first.weights[name].dataSync());
  tf.dispose([first.weights, same.weights, other.weights]);
});
