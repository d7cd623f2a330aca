/**
 * A made-up checkpoint at InternVL3-1B's true sizes, random weights in bf16 shards: loads it, scores a solution with one
 * image and takes one bilevel iteration with LoRA. `vlm.ts [WIDTH HEIGHT of the image, default 896 448: 3 tiles]`.
 */
import * as tf from "@tensorflow/tfjs-core";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { solveBilevel } from "../../lib/bilevel/engine.js";
import { saveCheckpoint } from "../../lib/checkpoint/saveCheckpoint.js";
import { trainTokenizer } from "../../lib/checkpoint/trainTokenizer.js";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import type { Solution } from "../../lib/data/types.js";
import { internVl } from "../../lib/model/internvl/internvl.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { parameterCount } from "../../lib/model/transformer/parameters.js";
import { availableBytes, gigabytes } from "../../lib/vlm/memory.js";
import { visionPrm } from "../../lib/vlm/visionPrm.js";
import { vlmBatches } from "../../lib/vlm/vlmBatches.js";
import { domainTable } from "../../lib/weighting/domainTable.js";

const LIMIT = 20e9;

const config = {
  model_type: "internvl_chat",
  ...{ downsample_ratio: 0.5, ps_version: "v2", select_layer: -1, template: "internvl2_5", force_image_size: 448 },
  llm_config: {
    model_type: "qwen2",
    ...{ hidden_size: 896, intermediate_size: 4864, num_hidden_layers: 24, num_attention_heads: 14 },
    ...{ num_key_value_heads: 2, vocab_size: 151674, max_position_embeddings: 32768, rope_theta: 1e6 },
    tie_word_embeddings: false,
  },
  vision_config: {
    ...{ hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24, num_attention_heads: 16 },
    ...{ image_size: 448, patch_size: 14, qkv_bias: true, qk_normalization: false, norm_type: "layer_norm" },
  },
};

async function main(): Promise<void> {
  const [width = 896, height = 448] = process.argv.slice(2).map(Number);
  const { name, version, threads } = await useBackend("native");
  console.log(`backend ${name} ${version}, ${threads} thread(s); ${gigabytes(availableBytes())} are free`);
  const folder = mkdtempSync(join(tmpdir(), "internvl3-1b-"));
  try {
    await timed("written", () => writeCheckpoint(folder));
    const solution = await solutionWithImage(folder, width, height);
    const opened = await visionPrm(folder, { tune: "lora", checkpointing: true });
    const { book, prm, memory, load, adapters } = opened;
    const train = {
      samples: solution.steps.map((_, i) => ({
        ...solution,
        id: `${i}`,
        steps: solution.steps.slice(0, i + 1),
        domain: "a",
        target: 0.5,
      })),
      ...{ domains: ["a"], source: { path: "made", sha256: "", rows: solution.steps.length } },
    };
    const batches = await vlmBatches({
      book,
      train,
      meta: [solution],
      unit: "solution",
      batchSize: 1,
      metaBatchSize: 1,
    });
    console.log(
      `${book.longest} tokens, ${book.mostImageTokens} of the image; LoRA trains ${parameterCount(adapters?.shapes ?? {})} numbers`,
    );
    console.log(
      `estimate: ${gigabytes(memory(false).totalBytes)} to score, ${gigabytes(memory(true).totalBytes)} to train`,
    );
    await timed("loaded", load);
    await timed("scored", () => {
      const phi = prm.init(1);
      const batch = book.batch([0, 1, 2, 3, 4]);
      const scores = tf.tidy(() => tf.sigmoid(prm.apply(phi, batch)).dataSync());
      if (!scores.every((score) => score > 0 && score < 1)) throw new Error(`scores ${scores.join(" ")}`);
      tf.dispose([phi, batch] as unknown as tf.TensorContainer);
    });
    const problem = prmProblem({
      prm,
      weighting: domainTable(train.domains),
      stepLoss: "crossEntropy",
      aggregation: "mean",
    });
    const level = { optimizer: { kind: "adamw", weightDecay: 0.01 }, learningRate: 5e-5 } as const;
    await timed("one iteration of both levels", async () => {
      for await (const { lower, upper } of solveBilevel(problem, batches, {
        iterations: 1,
        lower: level,
        upper: level,
      })) {
        console.log(`  lower loss ${lower.loss.toFixed(4)}, upper loss ${upper?.loss.toFixed(4)}`);
      }
    });
    const peak = process.resourceUsage().maxRSS * 1024;
    console.log(`peak memory ${gigabytes(peak)}; limit ${gigabytes(LIMIT)}: ${peak <= LIMIT ? "kept" : "BROKEN"}`);
    if (peak > LIMIT) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function timed<T>(what: string, f: () => T | Promise<T>): Promise<void> {
  const start = performance.now();
  await f();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${what} in ${seconds} s; memory ${gigabytes(process.memoryUsage.rss())}, peak ${gigabytes(process.resourceUsage().maxRSS * 1024)}`,
  );
}

async function writeCheckpoint(folder: string): Promise<void> {
  const special = ["<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>"];
  const tokenizer = trainTokenizer(["Step 1: the bar is 5 high, 5 + 4 = 9."], { size: 280, special });
  const json = (file: string, value: object) => writeFileSync(join(folder, file), JSON.stringify(value));
  json("config.json", config);
  json("tokenizer.json", tokenizer);
  const { shapes } = internVl(config, { imageToken: 0 });
  const stream = random("bench");
  const normals = Float32Array.from({ length: 1 << 20 }, () => 0.02 * stream.normal());
  const tensors = Object.entries(shapes).map(([name, shape], i) => ({
    ...{ name, shape },
    values: () => {
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
      if (shape.length === 1) return values.fill(name.endsWith(".weight") ? 1 : 0);
      // the same numbers from another place on for every tensor
      for (let at = 0, from = (i * 7919) % normals.length; at < values.length; from = 0) {
        const part = normals.subarray(from, from + values.length - at);
        values.set(part, at);
        at += part.length;
      }
      return values;
    },
  }));
  await saveCheckpoint(folder, tensors, { dtype: "BF16", maxShardBytes: 5e8 });
}

async function solutionWithImage(folder: string, width: number, height: number): Promise<Solution> {
  const image = join(folder, "image.png");
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i >> 9)) & 255);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(image);
  const steps = [1, 2, 3, 4].map((n) => `Step ${n}: the bar ${n} is ${n + 4} high, so ${n} + 4 = ${n + 4}.`);
  return {
    id: "s",
    questionId: "q",
    question: "How high are the bars?",
    steps: [...steps, "Final answer: 8"],
    correct: true,
    image,
  };
}

void main();
