import { z } from "zod";
import { parseOptions } from "../../core/check.js";
import { qwen2Config, type Qwen2Config, qwen2Schema, size } from "../qwen2/config.js";
import type { TileLayout } from "../transformer/tiles.js";

export interface InternVlConfig {
  readonly text: Qwen2Config;
  readonly vision: InternVitConfig;
  /** side of the square of patches that becomes one token: 1 / downsample_ratio */
  readonly shuffle: number;
  /** v1 leaves rows and columns exchanged */
  readonly shuffleVersion: "v1" | "v2";
  /** which layer's output is used, counted from the end if negative; 0 is the embedding */
  readonly selectLayer: number;
}

export interface InternVitConfig extends TileLayout {
  /** E */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly mlpWidth: number;
  readonly epsilon: number;
  readonly norm: "layer_norm" | "rms_norm";
  /** biases of the query, key and value map */
  readonly qkvBias: boolean;
  /** queries and keys are normalised */
  readonly qkNorm: boolean;
}

const visionSchema = z.looseObject({
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  image_size: size,
  patch_size: size,
  num_channels: size.default(3),
  qkv_bias: z.boolean().default(false),
  qk_normalization: z.boolean().default(true),
  norm_type: z.enum(["layer_norm", "rms_norm"]).default("rms_norm"),
  layer_norm_eps: z.number().positive().default(1e-6),
  hidden_act: z.literal("gelu").default("gelu"),
});

const schema = z
  .looseObject({
    model_type: z.literal("internvl_chat"),
    downsample_ratio: z.number().positive().max(1).default(0.5),
    ps_version: z.enum(["v1", "v2"]).default("v1"),
    select_layer: z.int().default(-1),
    force_image_size: size.nullish(),
    llm_config: qwen2Schema,
    vision_config: visionSchema,
  })
  .superRefine(({ vision_config: vision, force_image_size, downsample_ratio, select_layer }, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    const side = vision.image_size / vision.patch_size;
    if (force_image_size && force_image_size !== vision.image_size) {
      const message = `must be vision_config.image_size ${vision.image_size}: position embeddings are not resized`;
      refuse(["force_image_size"], message);
    }
    if (!Number.isInteger(side)) refuse(["vision_config", "patch_size"], "does not divide image_size");
    if (!Number.isInteger(1 / downsample_ratio) || !Number.isInteger(side * downsample_ratio)) {
      refuse(["downsample_ratio"], `must be 1 / n for an n that divides ${side} patches`);
    }
    const layers = vision.num_hidden_layers;
    if (select_layer < -layers - 1 || select_layer > layers) refuse(["select_layer"], `there are ${layers} layers`);
  });

/** @throws TypeError naming the wrong fields of a `config.json` */
export function internVlConfig(config: unknown): InternVlConfig {
  const parsed = parseOptions(schema, config, "config of InternVL");
  const { vision_config: vision, select_layer } = parsed;
  return {
    text: qwen2Config(parsed.llm_config),
    vision: {
      width: vision.hidden_size,
      layers: vision.num_hidden_layers,
      heads: vision.num_attention_heads,
      mlpWidth: vision.intermediate_size,
      epsilon: vision.layer_norm_eps,
      norm: vision.norm_type,
      qkvBias: vision.qkv_bias,
      qkNorm: vision.qk_normalization,
      channels: vision.num_channels,
      imageSize: vision.image_size,
      patchSize: vision.patch_size,
    },
    shuffle: 1 / parsed.downsample_ratio,
    shuffleVersion: parsed.ps_version,
    selectLayer: select_layer < 0 ? vision.num_hidden_layers + 1 + select_layer : select_layer,
  };
}
