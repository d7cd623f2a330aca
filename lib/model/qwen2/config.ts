/** The language model's part of `config.json`, as Hugging Face's Qwen2 writes it. */
import { z } from "zod";
import type { TokenLimits } from "../transformer/tokenBatch.js";

export interface Qwen2Config extends TokenLimits {
  /** H */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyHeads: number;
  /** D */
  readonly headSize: number;
  /** ε of the norms */
  readonly epsilon: number;
  readonly ropeTheta: number;
  /** logits are read through the transposed embedding */
  readonly tied: boolean;
}

export const size = z.int().positive();

/** Up to `max_position_embeddings`, beyond which no sequence goes, "dynamic" is the default. */
const ropeType = z.enum(["default", "mrope", "dynamic"]).optional();
const rope = z
  .looseObject({
    type: ropeType,
    rope_type: ropeType,
    rope_theta: z.number().positive().optional(),
    mrope_section: z.array(size).optional(),
  })
  .nullish();

export const qwen2Fields = {
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.optional(),
  head_dim: size.nullish(),
  vocab_size: size,
  max_position_embeddings: size.default(32768),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_scaling: rope,
  rope_parameters: rope,
  hidden_act: z.literal("silu").default("silu"),
  tie_word_embeddings: z.boolean().default(false),
  use_sliding_window: z.literal(false).nullish(),
};

/** also refuses sizes that do not divide each other */
export const qwen2Schema = z.looseObject({ model_type: z.literal("qwen2"), ...qwen2Fields }).superRefine(divides);

interface Divided {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads?: number | undefined;
  readonly head_dim?: number | null | undefined;
}

export function divides(config: Divided, context: z.RefinementCtx): void {
  const { hidden_size, num_attention_heads: heads, num_key_value_heads: keyHeads = heads, head_dim } = config;
  if (!head_dim && hidden_size % heads !== 0) {
    context.addIssue({
      code: "custom",
      path: ["num_attention_heads"],
      message: `does not divide hidden_size ${hidden_size}`,
    });
  }
  if (heads % keyHeads !== 0) {
    context.addIssue({
      code: "custom",
      path: ["num_key_value_heads"],
      message: `does not divide num_attention_heads ${heads}`,
    });
  }
}

type Fields = z.infer<z.ZodObject<typeof qwen2Fields>>;

export function qwen2Config(fields: Fields): Qwen2Config {
  const scaling = fields.rope_parameters ?? fields.rope_scaling;
  return {
    hiddenSize: fields.hidden_size,
    intermediateSize: fields.intermediate_size,
    layers: fields.num_hidden_layers,
    heads: fields.num_attention_heads,
    keyHeads: fields.num_key_value_heads ?? fields.num_attention_heads,
    headSize: fields.head_dim ?? fields.hidden_size / fields.num_attention_heads,
    vocabulary: fields.vocab_size,
    maxPositions: fields.max_position_embeddings,
    epsilon: fields.rms_norm_eps,
    ropeTheta: fields.rope_theta ?? scaling?.rope_theta ?? 10000,
    tied: fields.tie_word_embeddings,
  };
}
