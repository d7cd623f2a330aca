/** A Qwen2-VL of a few hundred thousand parameters, for training from scratch within minutes. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { saveCheckpoint, tensorSources } from "../checkpoint/saveCheckpoint.js";
import { trainTokenizer } from "../checkpoint/trainTokenizer.js";
import { random } from "../core/random.js";
import type { Params } from "../core/tree.js";
import { qwen2Vl } from "../model/qwen2vl/qwen2vl.js";
import type { ParameterShapes } from "../model/transformer/parameters.js";

const IMAGE = "<|image_pad|>";
const VIDEO = "<|video_pad|>";
const SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", IMAGE, VIDEO];

/** A turn is short here: what it says, then the answer. */
const TEMPLATE =
  "{% for message in messages %}{% if message['role'] == 'user' %}<|im_start|>{% if message['content'] is string %}" +
  "{{ message['content'] }}{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %}" +
  `${IMAGE}{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>` +
  "{% else %}{{ message['content'] }}{% endif %}{% endfor %}";

export interface TinyQwen2VlOptions {
  /** what the tokenizer is trained on */
  readonly texts: Iterable<string>;
  /** of the random weights; defaults to 1 */
  readonly seed?: number;
  /** tokens without the special ones; defaults to 512 */
  readonly tokens?: number;
  /** H of the language model, a multiple of 16; defaults to 96 */
  readonly hidden?: number;
  /** of the language model; defaults to 4 */
  readonly layers?: number;
  /** of the vision tower's width, a multiple of 16; defaults to 64 */
  readonly visionWidth?: number;
  /** of the vision tower; defaults to 1 */
  readonly visionLayers?: number;
  /** largest area of an image; defaults to 48,000: 54 image tokens of a 280 × 210 picture */
  readonly maxPixels?: number;
}

/**
 * Writes a checkpoint folder with everything that `openVisionModel` and `loadWeights` read: a small Qwen2-VL with random
 * weights and a tokenizer of its own. A patch holds one frame, so it has half of the published entries.
 *
 * @returns the folder
 * @throws Error when the folder holds a checkpoint already
 * @example
 * const vision = await openVisionModel(await writeTinyQwen2Vl("tiny", { texts: ["Step 1: a = 4."] }));
 */
export async function writeTinyQwen2Vl(
  folder: string,
  {
    texts,
    seed = 1,
    tokens = 512,
    hidden = 96,
    layers = 4,
    visionWidth = 64,
    visionLayers = 1,
    maxPixels = 48_000,
  }: TinyQwen2VlOptions,
): Promise<string> {
  const tokenizer = trainTokenizer(texts, { size: tokens, special: SPECIAL }) as {
    readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  };
  const idOf = (token: string) => tokenizer.added_tokens.find(({ content }) => content === token)?.id;
  const headSize = hidden / 4;
  const third = Math.floor(headSize / 6);
  const config = {
    model_type: "qwen2_vl",
    hidden_size: hidden,
    intermediate_size: 2 * hidden,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: tokenizer.added_tokens[0].id + SPECIAL.length,
    max_position_embeddings: 1024,
    rms_norm_eps: 1e-6,
    rope_theta: 1e6,
    rope_scaling: { type: "mrope", mrope_section: [headSize / 2 - 2 * third, third, third] },
    tie_word_embeddings: true,
    image_token_id: idOf(IMAGE),
    video_token_id: idOf(VIDEO),
    vision_config: {
      ...{ depth: visionLayers, embed_dim: visionWidth, num_heads: 4, hidden_size: hidden, mlp_ratio: 2 },
      ...{ in_channels: 3, temporal_patch_size: 1 },
    },
  };
  await mkdir(folder, { recursive: true });
  const json = (file: string, value: object) => writeFile(path.join(folder, file), JSON.stringify(value));
  const { shapes } = qwen2Vl(config);
  const weights = initialTiny(shapes, seed);
  await saveCheckpoint(folder, tensorSources(weights)).finally(() => tf.dispose(weights));
  await json("config.json", config);
  await json("tokenizer.json", tokenizer);
  await json("tokenizer_config.json", { chat_template: TEMPLATE });
  await json("preprocessor_config.json", {
    ...{ temporal_patch_size: 1, min_pixels: 56 * 56, max_pixels: maxPixels },
    ...{ image_mean: [1, 1, 1], image_std: [0.25, 0.25, 0.25] }, // empty paper is zero, so ink is all that a patch says
  });
  return folder;
}

/** Normal with variance 1 / inputs: the published deviation of 0.02 suits far wider models. */
export function initialTiny(shapes: ParameterShapes, seed: number): Params {
  const stream = random(seed);
  const draw = (name: string, [first, ...rest]: readonly number[]) => {
    if (name.endsWith(".bias")) return tf.zeros([first]);
    if (rest.length === 0) return tf.ones([first]);
    const inputs = rest.reduce((a, b) => a * b, 1);
    const own = stream.fork(name);
    const values = Float32Array.from({ length: first * inputs }, () => own.normal() / Math.sqrt(inputs));
    return tf.tensor(values, [first, ...rest]);
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, draw(name, shape)]));
}
