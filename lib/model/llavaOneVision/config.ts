import { z } from "zod";
import { parseOptions } from "../../core/check.js";
import { qwen2Config, type Qwen2Config, qwen2Schema, size } from "../qwen2/config.js";
import { type ActivationName, ACTIVATION_NAMES } from "../transformer/activation.js";
import type { TileLayout } from "../transformer/tiles.js";
import type { AnyresOptions } from "./anyres.js";

export interface LlavaOneVisionConfig {
  readonly text: Qwen2Config;
  readonly vision: SiglipConfig;
  readonly anyres: AnyresOptions;
  readonly imageToken: number;
  readonly videoToken: number;
  readonly projectorActivation: ActivationName;
  readonly projectorBias: boolean;
  /** which layer's output is used; 0 is the embedding */
  readonly selectLayer: number;
}

export interface SiglipConfig extends TileLayout {
  /** E */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly mlpWidth: number;
  readonly epsilon: number;
  readonly activation: ActivationName;
}

const visionSchema = z.looseObject({
  model_type: z.literal("siglip_vision_model").default("siglip_vision_model"),
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_channels: size.default(3),
  image_size: size,
  patch_size: size,
  hidden_act: z.enum(ACTIVATION_NAMES).default("gelu_pytorch_tanh"),
  layer_norm_eps: z.number().positive().default(1e-6),
  vision_use_head: z.literal(false),
});

const schema = z
  .looseObject({
    model_type: z.literal("llava_onevision"),
    text_config: qwen2Schema,
    vision_config: visionSchema,
    image_token_index: z.int().nonnegative().optional(),
    image_token_id: z.int().nonnegative().optional(),
    video_token_index: z.int().nonnegative().optional(),
    video_token_id: z.int().nonnegative().optional(),
    image_grid_pinpoints: z.array(z.tuple([size, size])).min(1),
    vision_aspect_ratio: z
      .string()
      .regex(/^anyres_max_[1-9]\d*$/)
      .default("anyres_max_9"),
    vision_feature_layer: z.int().default(-1),
    vision_feature_select_strategy: z.literal("full").default("full"),
    projector_hidden_act: z.enum(ACTIVATION_NAMES).default("gelu"),
    multimodal_projector_bias: z.boolean().default(true),
    tie_word_embeddings: z.boolean().default(false),
  })
  .superRefine(({ vision_config: vision, vision_feature_layer: layer }, context) => {
    const layers = vision.num_hidden_layers;
    if (layer >= -layers - 1 && layer <= layers) return;
    context.addIssue({ code: "custom", path: ["vision_feature_layer"], message: `there are ${layers} layers` });
  });

/** @throws TypeError naming the wrong fields of a `config.json` */
export function llavaOneVisionConfig(config: unknown): LlavaOneVisionConfig {
  const parsed = parseOptions(schema, config, "config of LLaVA-OneVision");
  const { vision_config: vision, vision_feature_layer: layer } = parsed;
  const text = qwen2Config(parsed.text_config);
  return {
    // either part may say so
    text: { ...text, tied: text.tied || parsed.tie_word_embeddings },
    vision: {
      width: vision.hidden_size,
      layers: vision.num_hidden_layers,
      heads: vision.num_attention_heads,
      mlpWidth: vision.intermediate_size,
      epsilon: vision.layer_norm_eps,
      activation: vision.hidden_act,
      channels: vision.num_channels,
      imageSize: vision.image_size,
      patchSize: vision.patch_size,
    },
    anyres: {
      resolutions: parsed.image_grid_pinpoints,
      maxTiles: Number(parsed.vision_aspect_ratio.slice("anyres_max_".length)),
    },
    imageToken: parsed.image_token_index ?? parsed.image_token_id ?? 151646,
    videoToken: parsed.video_token_index ?? parsed.video_token_id ?? 151647,
    projectorActivation: parsed.projector_hidden_act,
    projectorBias: parsed.multimodal_projector_bias,
    selectLayer: layer < 0 ? vision.num_hidden_layers + 1 + layer : layer,
  };
}
