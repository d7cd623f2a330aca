/** Qwen2's decoder (arXiv 2407.10671), under the names `embed_tokens`, `layers.N.…` and `norm`. */
import * as tf from "@tensorflow/tfjs-core";
import { swiGlu } from "../transformer/activation.js";
import { attention } from "../transformer/attention.js";
import { type Block, throughBlocks } from "../transformer/blocks.js";
import { rows, spliced } from "../transformer/embedding.js";
import type { LanguageModelOptions, Representation } from "../transformer/languageModel.js";
import { linear } from "../transformer/linear.js";
import { rmsNorm } from "../transformer/norm.js";
import { blockShapes, linearShapes, type ParameterShapes, weight, type Weights } from "../transformer/parameters.js";
import { rotated } from "../transformer/rotary.js";
import type { TokenBatch } from "../transformer/tokenBatch.js";
import type { ImageFeatures } from "../transformer/tower.js";
import { plus } from "../transformer/written.js";
import type { Qwen2Config } from "./config.js";

/** Shapes of the decoder without its head. */
export function decoderShapes(config: Qwen2Config): ParameterShapes {
  const { hiddenSize: H, intermediateSize, heads, keyHeads, headSize, layers, vocabulary } = config;
  const layer = {
    ...linearShapes("self_attn.q_proj", H, heads * headSize),
    ...linearShapes("self_attn.k_proj", H, keyHeads * headSize),
    ...linearShapes("self_attn.v_proj", H, keyHeads * headSize),
    ...linearShapes("self_attn.o_proj", heads * headSize, H, false),
    ...linearShapes("mlp.gate_proj", H, intermediateSize, false),
    ...linearShapes("mlp.up_proj", H, intermediateSize, false),
    ...linearShapes("mlp.down_proj", intermediateSize, H, false),
    "input_layernorm.weight": [H],
    "post_attention_layernorm.weight": [H],
  };
  return { "embed_tokens.weight": [vocabulary, H], ...blockShapes("layers.", layers, layer), "norm.weight": [H] };
}

/** h + attention(norm h), then h + SwiGLU(norm h): down(silu(gate h) · up h). */
function decoderLayer(config: Qwen2Config, loraScale: number): Block<TokenBatch> {
  const { heads, keyHeads, headSize, epsilon } = config;
  return (weights, hidden_NH, { sequences, tokens, mask, rotary }) => {
    const project = (name: string, x_NH: tf.Tensor2D) => linear(weights, name, x_NH, loraScale);
    const norm = (name: string, x_NH: tf.Tensor2D) => rmsNorm(x_NH, weight(weights, `${name}.weight`), epsilon);
    const normed_NH = norm("input_layernorm", hidden_NH);
    const headed = (name: string, count: number): tf.Tensor4D =>
      tf.reshape(project(`self_attn.${name}_proj`, normed_NH), [sequences, tokens, count, headSize]);
    const [q, k] = [headed("q", heads), headed("k", keyHeads)].map((x) => rotated(x, rotary));
    const mixed_NH = plus(hidden_NH, project("self_attn.o_proj", attention(q, k, headed("v", keyHeads), mask)));
    const after_NH = norm("post_attention_layernorm", mixed_NH);
    const gated = swiGlu(project("mlp.gate_proj", after_NH), project("mlp.up_proj", after_NH));
    return plus(mixed_NH, project("mlp.down_proj", gated));
  };
}

function embedded(weights: Weights, { id_N }: TokenBatch): tf.Tensor2D {
  return rows(weight<tf.Tensor2D>(weights, "embed_tokens.weight"), id_N);
}

/** Embeds a batch's tokens, puts the features of its images in their places, and decodes. */
export function represented(
  decoder: Weights,
  config: Qwen2Config,
  batch: TokenBatch,
  images: ImageFeatures | undefined,
  options: LanguageModelOptions,
): Representation {
  const textTrained = "embed_tokens.weight" in decoder.phi;
  const token_NH = embedded(decoder, batch);
  if (!images) return decoded(decoder, config, { input_NH: token_NH, trained: textTrained }, batch, options);
  const input_NH = spliced(token_NH, images.feature_MH, images.slots);
  return decoded(decoder, config, { input_NH, trained: textTrained || images.trained }, batch, options);
}

/**
 * Hidden states after the last norm.
 *
 * @param weights   of the decoder
 * @param input_NH  embedded tokens, images spliced in
 * @param trained   φ has influence on them
 */
function decoded(
  weights: Weights,
  config: Qwen2Config,
  { input_NH, trained }: { input_NH: tf.Tensor2D; trained: boolean },
  batch: TokenBatch,
  { loraScale = 1, ...options }: LanguageModelOptions,
): Representation {
  const blocks = { weights, prefix: "layers.", count: config.layers };
  const block = decoderLayer(config, loraScale);
  const { hidden_NH } = throughBlocks(block, blocks, { hidden_NH: input_NH, trained }, batch, options);
  const normed_NH = rmsNorm(hidden_NH, weight(weights, "norm.weight"), config.epsilon);
  return {
    hidden_BLH: tf.reshape(normed_NH, [batch.sequences, batch.tokens, config.hiddenSize]),
    wanted_PH: rows(normed_NH, batch.wanted_P),
  };
}
