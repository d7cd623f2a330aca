/** Folders of tiny checkpoints with the real architectures, made from a seed, and data for them. */
import * as tf from "@tensorflow/tfjs-core";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { saveCheckpoint, tensorSources } from "../../lib/checkpoint/saveCheckpoint.js";
import { trainTokenizer } from "../../lib/checkpoint/trainTokenizer.js";
import type { Solution, StepSample, TrainSet } from "../../lib/data/types.js";
import { internVl } from "../../lib/model/internvl/internvl.js";
import { qwen2Vl } from "../../lib/model/qwen2vl/qwen2vl.js";

const special = [
  ...["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"],
  ...["<|image_pad|>", "<|video_pad|>", "<img>", "</img>", "<IMG_CONTEXT>"],
];
const tokenizer = trainTokenizer(["Step 1: 3 + 4 = 7. The bar is 5 high.", "### Question:", "### Solution Process:"], {
  size: 270,
  special,
});
const added = (tokenizer as { added_tokens: { content: string; id: number }[] }).added_tokens;
const id = (token: string) => added.find(({ content }) => content === token)?.id ?? NaN;
export const vocabulary = 288;

const language = {
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: vocabulary,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-6,
  rope_theta: 1e6,
  hidden_act: "silu",
};

const internVlConfig = {
  model_type: "internvl_chat",
  downsample_ratio: 0.5,
  ps_version: "v2",
  select_layer: -1,
  template: "internvl2_5",
  force_image_size: 56,
  llm_config: { ...language, model_type: "qwen2", tie_word_embeddings: false },
  vision_config: {
    ...{ hidden_size: 24, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32, image_size: 56 },
    ...{ patch_size: 14, num_channels: 3, qkv_bias: true, qk_normalization: false, norm_type: "layer_norm" },
  },
};

const qwen2VlConfig = {
  ...language,
  model_type: "qwen2_vl",
  rope_scaling: { type: "mrope", mrope_section: [1, 1, 2] },
  tie_word_embeddings: true,
  image_token_id: id("<|image_pad|>"),
  video_token_id: id("<|video_pad|>"),
  vision_config: { depth: 1, embed_dim: 24, num_heads: 2, hidden_size: 32, mlp_ratio: 2, in_channels: 3 },
};

const qwen2VlTemplate =
  "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}" +
  "{{ message['content'] }}{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %}" +
  "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}" +
  "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

async function writeModel(
  folder: string,
  config: object,
  model: { init: (seed: number) => Record<string, tf.Tensor> },
) {
  mkdirSync(folder, { recursive: true });
  const json = (file: string, value: object) => writeFileSync(join(folder, file), JSON.stringify(value));
  json("config.json", config);
  json("tokenizer.json", tokenizer);
  const weights = model.init(7);
  // larger than the usual deviation of 0.02, so that what a model reads matters to what it says
  const wider = tf.tidy(() =>
    Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, w.rank > 1 ? tf.mul(w, 8) : tf.clone(w)])),
  );
  await saveCheckpoint(folder, tensorSources(wider));
  tf.dispose([weights, wider]);
  return folder;
}

export async function tinyInternVl(folder: string): Promise<string> {
  const model = internVl(internVlConfig, { imageToken: id("<IMG_CONTEXT>") });
  const made = await writeModel(folder, internVlConfig, model);
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ eos_token: "<|im_end|>" }));
  return made;
}

export async function tinyQwen2Vl(folder: string): Promise<string> {
  const made = await writeModel(folder, qwen2VlConfig, qwen2Vl(qwen2VlConfig));
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ chat_template: qwen2VlTemplate }));
  writeFileSync(join(folder, "preprocessor_config.json"), JSON.stringify({ min_pixels: 3136, max_pixels: 56 * 84 }));
  return made;
}

/** Two pictures of different sizes. */
export async function tinyImages(folder: string): Promise<[string, string]> {
  mkdirSync(folder, { recursive: true });
  const file = async (name: string, width: number, height: number) => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i >> 6) * 13) & 255);
    const target = join(folder, name);
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(target);
    return target;
  };
  return [await file("wide.png", 120, 60), await file("small.png", 40, 44)];
}

/** Solutions of two, one and three steps, with and without images. */
export function tinySolutions([wide, small]: readonly [string, string]): Solution[] {
  const of = (n: number, steps: string[], correct: boolean, image?: string): Solution => ({
    id: `s${n}`,
    questionId: `q${n}`,
    question: `What is ${n} + 4?`,
    steps,
    correct,
    ...(image !== undefined && { image }),
  });
  return [
    of(3, ["3 + 4 is 7.", "Answer: 7"], true, wide),
    of(5, ["Answer: 8"], false),
    of(6, ["The bar is 6 high.", "6 + 4 = 11.", "Answer: 11"], false, small),
    of(7, ["7 + 4 = 11.", "Answer: 11"], true, small),
  ];
}

export function tinyTrainSet(solutions: readonly Solution[]): TrainSet {
  const samples = solutions.flatMap(({ id, questionId, question, steps, image, correct }, s) =>
    steps.map((_, i): StepSample => ({
      ...{ id: `${id}-${i + 1}`, questionId, question, steps: steps.slice(0, i + 1), domain: s % 2 ? "odd" : "even" },
      target: correct ? 1 - 0.1 * i : 0.25,
      ...(image !== undefined && { image }),
    })),
  );
  return { samples, domains: ["even", "odd"], source: { path: "made", sha256: "", rows: samples.length } };
}
