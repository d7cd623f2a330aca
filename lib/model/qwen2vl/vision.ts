/** Qwen2-VL's vision tower and merger, under the names `patch_embed`, `blocks.N.…` and `merger`. */
import * as tf from "@tensorflow/tfjs-core";
import { activations } from "../transformer/activation.js";
import { segmentAttention, slices } from "../transformer/attention.js";
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
import { frequencies, rotated, type RotaryTables, rotaryTables } from "../transformer/rotary.js";
import { plus } from "../transformer/written.js";
import type { Qwen2VlVisionConfig } from "./config.js";
import { type Grid, patchPlaces } from "./positions.js";

/** Patches of all images of a batch, one after another. */
export interface PatchBatch {
  /** [patches, C] */
  readonly patch_PC: tf.Tensor2D;
  readonly rotary: RotaryTables;
  /** patches that see each other: those of one frame */
  readonly lengths: readonly number[];
}

const EPSILON = 1e-6;

export function towerShapes(config: Qwen2VlVisionConfig, hiddenSize: number): ParameterShapes {
  const { width: E, layers, mlpWidth, merge, patchShape } = config;
  const merged = E * merge ** 2;
  const block = {
    ...normShapes("norm1", E),
    ...normShapes("norm2", E),
    ...linearShapes("attn.qkv", E, 3 * E),
    ...linearShapes("attn.proj", E, E),
    ...linearShapes("mlp.fc1", E, mlpWidth),
    ...linearShapes("mlp.fc2", mlpWidth, E),
  };
  return {
    "patch_embed.proj.weight": [E, ...patchShape],
    ...blockShapes("blocks.", layers, block),
    ...normShapes("merger.ln_q", E),
    ...linearShapes("merger.mlp.0", merged, merged),
    ...linearShapes("merger.mlp.2", merged, hiddenSize),
  };
}

/** Position tables of the patches: half of the frequencies turn by the row, half by the column. */
export function patchBatch(
  config: Qwen2VlVisionConfig,
  grids: readonly Grid[],
  values: readonly Float32Array[],
): PatchBatch {
  const { width, heads, merge, patchEntries } = config;
  const headSize = width / heads;
  const frequency = frequencies(headSize / 2, 10000);
  const places = grids.flatMap((grid) => patchPlaces(grid, merge));
  const all = new Float32Array(places.length * patchEntries);
  values.reduce((start, part) => (all.set(part, start), start + part.length), 0);
  const angle = (_: number, p: number, j: number) =>
    j < headSize / 4 ? places[p].row * frequency[j] : places[p].column * frequency[j - headSize / 4];
  return {
    patch_PC: tf.tensor2d(all, [places.length, patchEntries]),
    rotary: rotaryTables(angle, [1, places.length, headSize]),
    lengths: grids.flatMap(([time, height, width]) => Array.from({ length: time }, () => height * width)),
  };
}

function towerBlock({ width: E, heads, activation }: Qwen2VlVisionConfig, loraScale: number): Block<PatchBatch> {
  return (weights, hidden_PE, { rotary, lengths }) => {
    const project = (name: string, x: tf.Tensor2D) => linear(weights, name, x, loraScale);
    const normed = (name: string, x: tf.Tensor2D) => normOf(weights, name, x);
    const qkv: tf.Tensor4D = tf.reshape(project("attn.qkv", normed("norm1", hidden_PE)), [1, -1, 3 * heads, E / heads]);
    const [q, k, v] = slices(qkv, [heads, heads, heads], 2);
    const seen = segmentAttention([rotated(q, rotary), rotated(k, rotary), v], lengths);
    const mixed_PE = plus(hidden_PE, project("attn.proj", seen));
    const inner = activations[activation](project("mlp.fc1", normed("norm2", mixed_PE)));
    return plus(mixed_PE, project("mlp.fc2", inner));
  };
}

/**
 * Features of image tokens: patches embedded, turned through the blocks, merge × merge of them joined and projected.
 *
 * @param weights  of the tower
 * @returns [M, H]
 */
export function imageFeatures(
  weights: Weights,
  config: Qwen2VlVisionConfig,
  batch: PatchBatch,
  { loraScale = 1, ...options }: LanguageModelOptions,
): tf.Tensor2D {
  const { width, layers, merge } = config;
  const embedded_PE = mapped(batch.patch_PC, weight(weights, "patch_embed.proj.weight"));
  const start = { hidden_NH: embedded_PE, trained: "patch_embed.proj.weight" in weights.phi };
  const blocks = { weights, prefix: "blocks.", count: layers };
  const { hidden_NH } = throughBlocks(towerBlock(config, loraScale), blocks, start, batch, options);
  const joined = tf.reshape(normOf(weights, "merger.ln_q", hidden_NH), [-1, width * merge ** 2]);
  const inner = activations.gelu(linear(weights, "merger.mlp.0", joined as tf.Tensor2D, loraScale));
  return linear(weights, "merger.mlp.2", inner, loraScale);
}

function normOf(weights: Weights, name: string, x: tf.Tensor2D): tf.Tensor2D {
  return layerNorm(x, weight(weights, `${name}.weight`), weight(weights, `${name}.bias`), EPSILON);
}
