import { z } from "zod";
import { parseOptions } from "../../core/check.js";
import { divides, qwen2Config, type Qwen2Config, qwen2Fields, size } from "../qwen2/config.js";
import { type ActivationName, ACTIVATION_NAMES } from "../transformer/activation.js";

export interface Qwen2VlConfig {
  readonly text: Qwen2Config;
  readonly vision: Qwen2VlVisionConfig;
  readonly imageToken: number;
  readonly videoToken: number;
  /** how many of a head's D/2 frequencies turn by time, height and width */
  readonly sections: readonly number[];
}

export interface Qwen2VlVisionConfig {
  /** E */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly mlpWidth: number;
  /** C, entries of a patch: channels · frames · size² */
  readonly patchEntries: number;
  readonly patchShape: readonly [number, number, number, number];
  /** patches that are merged into one token, per side */
  readonly merge: number;
  readonly activation: ActivationName;
}

const visionSchema = z.looseObject({
  depth: size,
  embed_dim: size,
  num_heads: size,
  hidden_size: size,
  mlp_ratio: z.number().positive().default(4),
  in_channels: size.optional(),
  in_chans: size.optional(),
  patch_size: size.default(14),
  spatial_merge_size: size.default(2),
  temporal_patch_size: size.default(2),
  hidden_act: z.enum(ACTIVATION_NAMES).default("quick_gelu"),
});

/** In newer files the language model has a part of its own, `text_config`. */
const fields = z.looseObject({
  model_type: z.literal("qwen2_vl"),
  ...qwen2Fields,
  rms_norm_eps: z.number().positive().default(1e-5),
  image_token_id: z.int().nonnegative(),
  video_token_id: z.int().nonnegative(),
  vision_config: visionSchema,
});

const schema = fields.superRefine((config, context) => {
  divides(config, context);
  if (config.vision_config.hidden_size !== config.hidden_size) {
    const message = `must be the language model's hidden_size ${config.hidden_size}`;
    context.addIssue({ code: "custom", path: ["vision_config", "hidden_size"], message });
  }
  const halfHead = qwen2Config(config).headSize / 2;
  if (ropeSections(config).reduce((a, b) => a + b, 0) !== halfHead) {
    const message = `mrope_section must be there and sum up to half the head size, ${halfHead}`;
    context.addIssue({ code: "custom", path: ["rope_scaling"], message });
  }
});

function ropeSections({
  rope_parameters,
  rope_scaling,
}: Pick<z.infer<typeof fields>, "rope_parameters" | "rope_scaling">) {
  return (rope_parameters ?? rope_scaling)?.mrope_section ?? [];
}

/** @throws TypeError naming the wrong fields of a `config.json` */
export function qwen2VlConfig(config: unknown): Qwen2VlConfig {
  const { text_config = {}, ...rest } = (config ?? {}) as Record<string, unknown> & { text_config?: object };
  const parsed = parseOptions(schema, { ...text_config, ...rest }, "config of Qwen2-VL");
  const { embed_dim, in_channels, in_chans, ...vision } = parsed.vision_config;
  const patchShape = [in_channels ?? in_chans ?? 3, vision.temporal_patch_size, vision.patch_size, vision.patch_size];
  return {
    text: qwen2Config(parsed),
    vision: {
      width: embed_dim,
      layers: vision.depth,
      heads: vision.num_heads,
      mlpWidth: Math.floor(embed_dim * vision.mlp_ratio),
      patchEntries: patchShape.reduce((a, b) => a * b, 1),
      patchShape: patchShape as [number, number, number, number],
      merge: vision.spatial_merge_size,
      activation: vision.hidden_act,
    },
    imageToken: parsed.image_token_id,
    videoToken: parsed.video_token_id,
    sections: ropeSections(parsed),
  };
}
