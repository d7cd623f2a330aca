/** Low-rank adapters (LoRA, arXiv 2106.09685): W + (alpha / r)·B·A with W frozen. */
import * as tf from "@tensorflow/tfjs-core";
import { random } from "../core/random.js";
import { mapTree, type Params } from "../core/tree.js";
import type { ParameterShapes } from "../model/transformer/parameters.js";
import type { Backbone } from "./backbone.js";

export interface LoraOptions {
  /** r; defaults to 16 */
  readonly rank?: number;
  /** defaults to 2·r */
  readonly alpha?: number;
  /**
   * As in PEFT: names of linear maps, each alone or as the end of a longer name, or one regular expression that the whole
   * name must match. Defaults to the language model's attention and MLP.
   */
  readonly targets?: readonly string[] | string;
}

export interface Lora {
  readonly rank: number;
  readonly alpha: number;
  /** factor of the adapters' part, alpha / r: the `loraScale` of the model */
  readonly scale: number;
  /** as they were asked for */
  readonly targets: readonly string[] | string;
  /** names of the adapted linear maps */
  readonly modules: readonly string[];
  /** shapes of the adapters */
  readonly shapes: ParameterShapes;
}

export const DEFAULT_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;

/** Matrices that are no linear maps: tables of embeddings and kernels. */
const NOT_LINEAR = /(?:^|\.)(?:embed_tokens|patch_embed\.proj|patch_embedding|position_embedding)$/;

/**
 * The adapters that options ask for.
 *
 * @param shapes  of the model's parameters
 * @throws RangeError for a rank or alpha that cannot be, Error when no linear map has a wanted name
 */
export function lora(shapes: ParameterShapes, options: LoraOptions = {}): Lora {
  const { rank = 16, targets = DEFAULT_TARGETS } = options;
  const { alpha = 2 * rank } = options;
  if (!Number.isInteger(rank) || rank < 1)
    throw new RangeError(`the rank of LoRA must be a whole number from 1, got ${rank}`);
  if (!(alpha > 0)) throw new RangeError(`alpha of LoRA must be above 0, got ${alpha}`);
  const linear = Object.entries(shapes).flatMap(([name, shape]) => {
    const module = name.replace(/\.weight$/, "");
    return module !== name && shape.length === 2 && !NOT_LINEAR.test(module) ? [{ module, shape }] : [];
  });
  const wanted = matcher(targets);
  const chosen = linear.filter(({ module }) => wanted(module));
  if (chosen.length === 0) {
    const last = [...new Set(linear.map(({ module }) => module.split(".").at(-1)))].join(", ");
    throw new Error(`no linear map matches the LoRA targets ${JSON.stringify(targets)}; they end in ${last}`);
  }
  return {
    rank,
    alpha,
    scale: alpha / rank,
    targets,
    modules: chosen.map(({ module }) => module),
    shapes: Object.fromEntries(
      chosen.flatMap(({ module, shape: [outputs, inputs] }): [string, number[]][] => [
        [`${module}.lora_A.weight`, [rank, inputs]],
        [`${module}.lora_B.weight`, [outputs, rank]],
      ]),
    ),
  };
}

function matcher(targets: LoraOptions["targets"] & {}): (module: string) => boolean {
  if (typeof targets === "string") {
    const pattern = new RegExp(`^(?:${targets})$`);
    return (module) => pattern.test(module);
  }
  return (module) => targets.some((target) => module === target || module.endsWith(`.${target}`));
}

/**
 * Adapters at the start, by PEFT's rule: A uniform in ±1/√in (Kaiming with a = √5), B zero, so the model is unchanged.
 * The caller disposes them.
 */
export function initialAdapters({ shapes }: Lora, seed: number): Params {
  const stream = random(seed);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      if (name.endsWith(".lora_B.weight")) return [name, tf.zeros([...shape])];
      const own = stream.fork(name);
      const bound = 1 / Math.sqrt(shape[1]);
      const values = Float32Array.from({ length: shape[0] * shape[1] }, () => bound * (2 * own.next() - 1));
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

/** φ is the adapters. */
export function loraBackbone(weights: Params, adapters: Lora): Backbone {
  return { init: (seed) => initialAdapters(adapters, seed), frozen: weights };
}

/**
 * The model's parameters with the adapters added in; those without adapters are shared. The caller disposes the tensors.
 */
export function mergedWeights(weights: Params, adapters: Params, { scale }: Pick<Lora, "scale">): Params {
  const merged = mapTree((w) => tf.clone(w), weights) as Record<string, tf.Tensor>;
  for (const [name, a] of Object.entries(adapters)) {
    if (!name.endsWith(".lora_A.weight")) continue;
    const module = name.slice(0, -".lora_A.weight".length);
    const target = `${module}.weight`;
    const sum = tf.tidy(() =>
      tf.add(
        merged[target],
        tf.mul(tf.matMul(adapters[`${module}.lora_B.weight`] as tf.Tensor2D, a as tf.Tensor2D), scale),
      ),
    );
    merged[target].dispose();
    merged[target] = sum;
  }
  return merged;
}
