/** SigLIP's vision tower (arXiv 2303.15343), under the names `embeddings`, `encoder.layers.N.…` and `post_layernorm`. */
import * as tf from "@tensorflow/tfjs-core";
import { activations } from "../transformer/activation.js";
import { attention } from "../transformer/attention.js";
import { type Block, throughBlocks } from "../transformer/blocks.js";
import type { LanguageModelOptions } from "../transformer/languageModel.js";
import { linear, mapped } from "../transformer/linear.js";
import { layerNorm } from "../transformer/norm.js";
import {
  blockShapes,
  linearShapes,
  normShapes,
  type ParameterShapes,
  weight,
  type Weights,
} from "../transformer/parameters.js";
import { patchesPerSide } from "../transformer/tiles.js";
import { plus } from "../transformer/written.js";
import type { SiglipConfig } from "./config.js";

/** `post_layernorm` is in the checkpoints, but what LLaVA takes comes before it. */
export function siglipShapes(config: SiglipConfig): ParameterShapes {
  const { width: E, layers, mlpWidth, channels, patchSize } = config;
  const layer = {
    ...normShapes("layer_norm1", E),
    ...normShapes("layer_norm2", E),
    ...linearShapes("self_attn.q_proj", E, E),
    ...linearShapes("self_attn.k_proj", E, E),
    ...linearShapes("self_attn.v_proj", E, E),
    ...linearShapes("self_attn.out_proj", E, E),
    ...linearShapes("mlp.fc1", E, mlpWidth),
    ...linearShapes("mlp.fc2", mlpWidth, E),
  };
  return {
    "embeddings.patch_embedding.weight": [E, channels, patchSize, patchSize],
    "embeddings.patch_embedding.bias": [E],
    "embeddings.position_embedding.weight": [patchesPerSide(config) ** 2, E],
    ...blockShapes("encoder.layers.", layers, layer),
    ...normShapes("post_layernorm", E),
  };
}

/** h + attention(norm h), then h + MLP(norm h). */
function layer(config: SiglipConfig, loraScale: number): Block<{ readonly tiles: number }> {
  const { width: E, heads, epsilon, activation } = config;
  return (weights, hidden_NE, { tiles }) => {
    const project = (name: string, x: tf.Tensor2D) => linear(weights, name, x, loraScale);
    const normed = (name: string, x: tf.Tensor2D) =>
      layerNorm(x, weight(weights, `${name}.weight`), weight(weights, `${name}.bias`), epsilon);
    const normed_NE = normed("layer_norm1", hidden_NE);
    const headed = (name: string): tf.Tensor4D =>
      tf.reshape(project(`self_attn.${name}_proj`, normed_NE), [tiles, -1, heads, E / heads]);
    const seen_NE = project("self_attn.out_proj", attention(headed("q"), headed("k"), headed("v")));
    const mixed_NE = plus(hidden_NE, seen_NE);
    const inner = activations[activation](project("mlp.fc1", normed("layer_norm2", mixed_NE)));
    return plus(mixed_NE, project("mlp.fc2", inner));
  };
}

/**
 * The patches' states after `through` layers.
 *
 * @param weights   of the tower
 * @param patch_PC  of all tiles
 * @returns [tiles · patches, E]
 */
export function siglip(
  weights: Weights,
  config: SiglipConfig,
  { patch_PC, through }: { patch_PC: tf.Tensor2D; through: number },
  { loraScale = 1, ...options }: LanguageModelOptions,
): tf.Tensor2D {
  const patches = patchesPerSide(config) ** 2;
  const tiles = patch_PC.shape[0] / patches;
  const kernel = weight<tf.Tensor4D>(weights, "embeddings.patch_embedding.weight");
  const mapped_PE = mapped(patch_PC, kernel, weight<tf.Tensor1D>(weights, "embeddings.patch_embedding.bias"));
  const place_PE = weight<tf.Tensor2D>(weights, "embeddings.position_embedding.weight");
  const placed = tf.add(tf.reshape(mapped_PE, [tiles, patches, config.width]), place_PE);
  const start = {
    hidden_NH: tf.reshape<tf.Rank.R2>(placed, [tiles * patches, config.width]),
    trained: Object.keys(weights.phi).some((name) => name.startsWith("embeddings.")),
  };
  const blocks = { weights, prefix: "encoder.layers.", count: through };
  return throughBlocks(layer(config, loraScale), blocks, start, { tiles }, options).hidden_NH;
}
