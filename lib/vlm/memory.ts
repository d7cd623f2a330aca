/** What a model will need of the computer's memory, told before anything is loaded. */
import { freemem } from "node:os";
import { parameterCount, type ParameterShapes } from "../model/transformer/parameters.js";
import type { VisionModel } from "./visionModel.js";

export interface MemoryUse {
  /** what is trained besides or instead of the model's parameters */
  readonly trained: ParameterShapes;
  /** the model's own parameters are trained */
  readonly full: boolean;
  readonly training: boolean;
  readonly checkpointing: boolean;
  /** whose activations are in memory together: a micro-batch, or all of a batch where it is not split */
  readonly sequences: number;
  /** of the longest prompt */
  readonly tokens: number;
  /** of the image with most of them */
  readonly imageTokens: number;
  /** of image features that are computed beforehand, one image at a time; defaults to the tower in every pass */
  readonly featureBytes?: number;
}

export interface MemoryEstimate {
  readonly weightBytes: number;
  /** φ beyond the weights as they were loaded, optimiser, gradients, and φ ± εv of the hypergradient */
  readonly trainingBytes: number;
  readonly activationBytes: number;
  /** features of images that are kept */
  readonly featureBytes: number;
  readonly totalBytes: number;
}

/** of φ: itself, two moments, the gradients of both levels, two shifted copies */
const COPIES = 7;
/** arrays of a layer that live at once or are kept for its gradient, found by counting and by measuring */
const KEPT = { hidden: 14, inner: 5, attention: 4 };
const OVERHEAD = 0.6e9;

/**
 * Bytes that training or scoring takes at its peak, in float32.
 *
 * Weights, 7 · φ in training, and the activations of the sequences in memory: of all layers whose gradient is asked for,
 * of one layer and the hidden states between layers with checkpointing, of one layer without training; and the image
 * features that are kept.
 */
export function estimateMemory(
  { model, config }: Pick<VisionModel, "model" | "config">,
  use: MemoryUse,
): MemoryEstimate {
  const { full, trained, training, checkpointing, tokens, sequences, imageTokens, featureBytes } = use;
  const parameters = parameterCount(model.shapes);
  const phi = parameterCount(trained) + (full ? parameters : 0);
  const text = { names: /self_attn\.q_proj\.weight$/, inner: /mlp\.gate_proj\.weight$/ };
  const tower = {
    names: /(?:vision|visual).*\.norm1\.weight$|layer_norm1\.weight$/,
    inner: /(?:vision|visual).*fc1\.weight$/,
  };
  const size = { text: sizesOf(model.shapes, text), vision: sizesOf(model.shapes, tower) };
  const patches = 4 * imageTokens;
  const whole = config["vision_config"] && config["model_type"] === "qwen2_vl";
  const seen = whole ? patches : Math.min(patches, 1025);
  const layerOf = ({ layers, width, inner }: Sizes, rows: number, keys: number, heads: number) => {
    const one = 4 * rows * (KEPT.hidden * width + KEPT.inner * inner + KEPT.attention * heads * keys);
    const kept = checkpointing ? 4 * rows * width * layers + one : one * layers;
    return { one, kept };
  };
  const heads = headsOf(config);
  const language = layerOf(size.text, tokens * sequences, tokens, heads.text);
  const vision = layerOf(size.vision, patches * (featureBytes === undefined ? sequences : 1), seen, heads.vision);
  // a frozen tower keeps nothing for a gradient
  const towerTrained = training && (full || Object.keys(trained).some((name) => /vision|visual/.test(name)));
  const during = training ? language.kept + (towerTrained ? vision.kept : 0) : language.one;
  const logits = 4 * 4 * model.limits.vocabulary * 8 * sequences;
  const activationBytes = Math.max(during, vision.one) + logits;
  const weightBytes = 4 * parameters;
  const trainingBytes = training ? 4 * COPIES * phi : 4 * parameterCount(trained);
  const kept = featureBytes ?? 0;
  return {
    weightBytes,
    trainingBytes,
    activationBytes,
    featureBytes: kept,
    totalBytes: weightBytes + trainingBytes + activationBytes + kept + OVERHEAD,
  };
}

interface Sizes {
  readonly layers: number;
  readonly width: number;
  readonly inner: number;
}

function sizesOf(shapes: ParameterShapes, { names, inner }: { names: RegExp; inner: RegExp }): Sizes {
  const layers = Object.entries(shapes).filter(([name]) => names.test(name));
  const mlp = Object.entries(shapes).find(([name]) => inner.test(name));
  return { layers: layers.length, width: layers[0]?.[1].at(-1) ?? 0, inner: mlp?.[1][0] ?? 0 };
}

function headsOf(config: Readonly<Record<string, unknown>>): { text: number; vision: number } {
  const part = (name: string) => config[name] as Record<string, number> | undefined;
  const text = part("llm_config") ?? part("text_config") ?? (config as Record<string, number>);
  const vision = part("vision_config");
  return {
    text: text["num_attention_heads"] ?? 0,
    vision: vision?.["num_attention_heads"] ?? vision?.["num_heads"] ?? 0,
  };
}

/** Bytes that this process may still take. */
export function availableBytes(): number {
  return (process as { availableMemory?: () => number }).availableMemory?.() ?? freemem();
}

export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 9.95e9 ? 1 : 0)} GB`;
