/** InternViT (arXiv 2312.14238), under the names `embeddings` and `encoder.layers.N.…`. */
import * as tf from "@tensorflow/tfjs-core";
import { activations } from "../transformer/activation.js";
import { attention, slices } from "../transformer/attention.js";
import { type Block, throughBlocks } from "../transformer/blocks.js";
import type { LanguageModelOptions } from "../transformer/languageModel.js";
import { linear, mapped } from "../transformer/linear.js";
import { layerNorm, rmsNorm } from "../transformer/norm.js";
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
import type { InternVitConfig } from "./config.js";

export function internVitShapes(config: InternVitConfig): ParameterShapes {
  const { width: E, layers, mlpWidth, channels, patchSize, norm, qkvBias, qkNorm } = config;
  const scale = (name: string) => ({ [`${name}.weight`]: [E] });
  const norms = norm === "layer_norm" ? normShapes : scale;
  const layer = {
    ls1: [E],
    ls2: [E],
    ...norms("norm1", E),
    ...norms("norm2", E),
    ...linearShapes("attn.qkv", E, 3 * E, qkvBias),
    ...linearShapes("attn.proj", E, E),
    ...(qkNorm && { ...scale("attn.q_norm"), ...scale("attn.k_norm") }),
    ...linearShapes("mlp.fc1", E, mlpWidth),
    ...linearShapes("mlp.fc2", mlpWidth, E),
  };
  return {
    "embeddings.class_embedding": [1, 1, E],
    "embeddings.patch_embedding.weight": [E, channels, patchSize, patchSize],
    "embeddings.patch_embedding.bias": [E],
    "embeddings.position_embedding": [1, patchesPerSide(config) ** 2 + 1, E],
    ...blockShapes("encoder.layers.", layers, layer),
  };
}

/** h + ls1 · attention(norm h), then h + ls2 · MLP(norm h). */
function layer(config: InternVitConfig, loraScale: number): Block<{ readonly tiles: number }> {
  const { width: E, heads, qkNorm, epsilon } = config;
  return (weights, hidden_NE, { tiles }) => {
    const project = (name: string, x: tf.Tensor2D) => linear(weights, name, x, loraScale);
    const normed = (name: string, x: tf.Tensor2D) => {
      const scale = weight(weights, `${name}.weight`);
      if (config.norm === "rms_norm") return rmsNorm(x, scale, epsilon);
      return layerNorm(x, scale, weight(weights, `${name}.bias`), epsilon);
    };
    const scaled = (x: tf.Tensor2D, name: string) => tf.mul<tf.Tensor2D>(x, weight(weights, name));
    const headed = (x: tf.Tensor): tf.Tensor4D => tf.reshape(x, [tiles, -1, heads, E / heads]);
    // over all heads together
    const asKey = (x: tf.Tensor2D, name: string) =>
      headed(qkNorm ? rmsNorm(x, weight(weights, `attn.${name}_norm.weight`), epsilon) : x);
    const [q, k, v] = slices(project("attn.qkv", normed("norm1", hidden_NE)), [E, E, E], 1);
    const seen_NE = project("attn.proj", attention(asKey(q, "q"), asKey(k, "k"), headed(v)));
    const mixed_NE = plus(hidden_NE, scaled(seen_NE, "ls1"));
    const inner = project("mlp.fc2", activations.gelu(project("mlp.fc1", normed("norm2", mixed_NE))));
    return plus(mixed_NE, scaled(inner, "ls2"));
  };
}

/**
 * The patches' states after `through` layers, without the class token's.
 *
 * @param weights   of the tower
 * @param patch_PC  of all tiles
 * @returns [tiles, patches, E]
 */
export function internVit(
  weights: Weights,
  config: InternVitConfig,
  { patch_PC, through }: { patch_PC: tf.Tensor2D; through: number },
  { loraScale = 1, ...options }: LanguageModelOptions,
): tf.Tensor3D {
  const { width: E } = config;
  const patches = patchesPerSide(config) ** 2;
  const tiles = patch_PC.shape[0] / patches;
  const kernel = weight<tf.Tensor4D>(weights, "embeddings.patch_embedding.weight");
  const mapped_PE = mapped(patch_PC, kernel, weight<tf.Tensor1D>(weights, "embeddings.patch_embedding.bias"));
  const first = tf.tile(weight<tf.Tensor3D>(weights, "embeddings.class_embedding"), [tiles, 1, 1]);
  const all = tf.concat([first, tf.reshape(mapped_PE, [tiles, patches, E])], 1);
  const placed = tf.add(all, weight<tf.Tensor3D>(weights, "embeddings.position_embedding"));
  const start = {
    hidden_NH: tf.reshape<tf.Rank.R2>(placed, [tiles * (patches + 1), E]),
    trained: Object.keys(weights.phi).some((name) => name.startsWith("embeddings.")),
  };
  const blocks = { weights, prefix: "encoder.layers.", count: through };
  const { hidden_NH } = throughBlocks(layer(config, loraScale), blocks, start, { tiles }, options);
  return tf.slice(tf.reshape<tf.Rank.R3>(hidden_NH, [tiles, patches + 1, E]), [0, 1, 0], [tiles, patches, E]);
}
