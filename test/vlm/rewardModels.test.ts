import * as tf from "@tensorflow/tfjs-core";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.js";
import { loadParams } from "../../lib/checkpoint/loadParams.js";
import { useBackend } from "../../lib/core/backend.js";
import { type Params, valueAndGrads } from "../../lib/core/tree.js";
import { internVl } from "../../lib/model/internvl/internvl.js";
import { qwen2Vl } from "../../lib/model/qwen2vl/qwen2vl.js";
import type { TokenBatch } from "../../lib/model/transformer/tokenBatch.js";
import { sigmoid } from "../../lib/core/twice.js";
import { frozenBackbone, fullBackbone } from "../../lib/vlm/backbone.js";
import type { PromptBatch } from "../../lib/vlm/promptBook.js";
import { HEAD_BIAS, HEAD_WEIGHT, labelToken, lastTokenHead } from "../../lib/vlm/rewardModels.js";
import type { VisionModel } from "../../lib/vlm/visionModel.js";
import { expectClose } from "../expectClose.js";
import { sharedFixture } from "../model/golden.js";

beforeAll(() => useBackend());

const qwenFolder = sharedFixture("qwen2-vl-tiny");
const internFolder = sharedFixture("internvl3-tiny");

function json<T>(folder: string, file: string): T {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as T;
}

async function weightsOf(folder: string, { shapes }: VisionModel["model"]): Promise<Params> {
  const checkpoint = await openCheckpoint(folder);
  try {
    return await loadParams(checkpoint, shapes);
  } finally {
    await checkpoint.close();
  }
}

const inParts = (parts: readonly TokenBatch[], order: readonly number[]): PromptBatch => ({
  parts,
  order_B: tf.tensor1d([...order], "int32"),
});
const dispose = (tree: unknown) => tf.dispose(tree as tf.TensorContainer);

interface ScoreCase {
  inputIds: number[];
  imageGridThw: [number, number, number] | null;
  pixelValues: number[][] | null;
  score: number;
  label: number;
  loss: number;
  gradNorms: Record<string, number>;
}

test.skipIf(!qwenFolder)(
  "lastTokenHead gives the reference's scores, losses and gradients, alone and in micro-batches",
  async () => {
    const folder = qwenFolder as string;
    const model = qwen2Vl(json(folder, "config.json")) as unknown as VisionModel["model"];
    const { head, cases } = json<{ head: { weight: number[][]; bias: number[] }; cases: ScoreCase[] }>(
      folder,
      "cases.json",
    );
    const weights = await weightsOf(folder, model);
    const reward = lastTokenHead({ model, backbone: fullBackbone(weights), microBatches: true });
    const start = reward.init(1);
    const phi = { ...start, [HEAD_WEIGHT]: tf.tensor2d(head.weight), [HEAD_BIAS]: tf.tensor1d(head.bias) };
    const sequences = cases.map(({ inputIds: ids, imageGridThw: grid, pixelValues }) => ({
      ids,
      wanted: [ids.length - 1],
      images: grid ? [{ grid, patches: Float32Array.from(pixelValues?.flat() ?? []) }] : [],
    }));
    const one = inParts([model.batch(sequences as never)], [0, 1, 2, 3]);
    // the order of the answers is another than that of the rows
    const split = inParts(
      [model.batch(sequences.slice(2) as never), model.batch(sequences.slice(0, 2) as never)],
      [2, 3, 0, 1],
    );
    for (const batch of [one, split]) {
      const score_B = tf.tidy(() => tf.sigmoid(reward.apply(phi, batch)));
      expectClose(
        score_B,
        cases.map(({ score }) => score),
        { relative: 0, absolute: 2e-6 },
      );
      score_B.dispose();
    }
    const label_B = tf.tensor1d(cases.map(({ label }) => label));
    const total = (p: Params) => tf.sum<tf.Scalar>(tf.square(tf.sub(sigmoid(reward.apply(p, one)), label_B)));
    const { value, grads } = valueAndGrads(total, phi);
    expectClose(value, [cases.reduce((sum, { loss }) => sum + loss, 0)], { relative: 1e-5 });

    const pulled = tf.tidy(() => {
      const answer = reward.pullBack?.(phi, split);
      if (!answer) throw new Error("no pullBack");
      const s = tf.sigmoid(answer.logit_B);
      const slope: tf.Tensor1D = tf.mul(tf.mul(2, tf.sub(s, label_B)), tf.mul(s, tf.sub(1, s)));
      return answer.gradient(slope);
    });
    for (const name of Object.keys(grads)) {
      const size = Math.max(...grads[name].dataSync().map(Math.abs));
      expectClose(pulled[name], Array.from(grads[name].dataSync()), { relative: 0, absolute: 1e-4 * size + 1e-7 });
    }
    // one case alone against the reference's norms
    const alone = inParts([model.batch([sequences[0]] as never)], [0]);
    const first = valueAndGrads((p) => tf.sum(tf.square(tf.sub(sigmoid(reward.apply(p, alone)), cases[0].label))), phi);
    for (const [name, norm] of Object.entries(cases[0].gradNorms)) {
      if (name in first.grads)
        expect(Math.abs(Math.hypot(...first.grads[name].dataSync()) - norm)).toBeLessThan(1e-3 * norm + 1e-6);
    }
    // a single answer's gradient comes with the first pass
    const single = tf.tidy(() => {
      const answer = reward.pullBack?.(phi, alone);
      if (!answer) throw new Error("no pullBack");
      const s = tf.sigmoid(answer.logit_B);
      return answer.gradient(tf.mul(tf.mul(2, tf.sub(s, cases[0].label)), tf.mul(s, tf.sub(1, s))));
    });
    for (const [name, grad] of Object.entries(first.grads)) {
      expectClose(single[name], Array.from(grad.dataSync()), { relative: 1e-4, absolute: 1e-8 });
    }
    dispose([weights, start, phi, one, split, alone, label_B, value, grads, pulled, first]);
  },
);

interface LabelCase {
  inputIds: number[];
  pixelValues: number[] | null;
  pixelShape: number[] | null;
  placeholderPositions: number[];
  pPlus: number[];
  pMinus: number[];
}

test.skipIf(!internFolder)("labelToken compares the reference's P(+) with its P(−) at every step", async () => {
  const folder = internFolder as string;
  const config = json<{ image_context_token_id: number; positive_token_id: number; negative_token_id: number }>(
    folder,
    "config.json",
  );
  const model = internVl(config, { imageToken: config.image_context_token_id }) as unknown as VisionModel["model"];
  const weights = await weightsOf(folder, model);
  const { cases } = json<{ cases: LabelCase[] }>(folder, "cases.json");
  const labels = [config.positive_token_id, config.negative_token_id] as const;
  const reward = labelToken({ model, backbone: frozenBackbone(weights), labels });
  const sequences = cases.map(({ inputIds: ids, placeholderPositions: wanted, pixelShape, pixelValues }) => ({
    ids,
    wanted,
    images: pixelShape ? [{ tiles: pixelShape[0], pixels: Float32Array.from(pixelValues ?? []) }] : [],
  }));
  const steps = cases.flatMap(({ pPlus }) => pPlus).length;
  const batch = inParts(
    [model.batch(sequences as never)],
    Array.from({ length: steps }, (_, i) => i),
  );
  const logit_B = reward.apply({}, batch);
  const expected = cases.flatMap(({ pPlus, pMinus }) => pPlus.map((p, i) => Math.log(p / pMinus[i])));
  expectClose(logit_B, expected, { relative: 0, absolute: 2e-5 });
  dispose([weights, batch, logit_B]);
});
