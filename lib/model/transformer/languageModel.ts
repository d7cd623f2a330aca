import type * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../../core/tree.js";
import type { BlockOptions } from "./blocks.js";
import type { ParameterShapes } from "./parameters.js";
import type { Padding, TokenBatch, TokenLimits, TokenSequence } from "./tokenBatch.js";
import type { Seen, VisionTower } from "./tower.js";

/** A causal language model: pure functions of its parameters, which are named as in its checkpoints. */
export interface LanguageModel<Sequence extends TokenSequence = TokenSequence, Batch extends TokenBatch = TokenBatch> {
  /** what the config says that others need to know */
  readonly limits: TokenLimits;
  /** H */
  readonly hiddenSize: number;
  /** name ↦ shape of every tensor of a checkpoint */
  readonly shapes: ParameterShapes;
  /** the name here of a tensor that other releases of the same architecture name otherwise */
  readonly canonical: (name: string) => string;
  /** what sees the images; text-only models have none */
  readonly tower?: Pick<VisionTower<ImageOf<Sequence>>, "owns" | "see">;
  /** random parameters; the caller disposes them */
  readonly init: (seed: number) => Params;
  /**
   * Pads sequences and computes masks and position tables, once for all passes over them. The caller disposes the batch.
   *
   * @param padding  on which side, defaults to "right"
   * @throws RangeError naming the sequence that the model cannot take
   */
  readonly batch: (sequences: readonly Sequence[], padding?: Padding) => Batch;
  /**
   * Hidden states after the last norm, of all tokens and of the wanted ones. Those of padding are finite and mean nothing.
   *
   * @param phi     parameters whose gradient may be asked for: all, a part, adapters (`NAME.lora_A.weight`, …) or none
   * @param frozen  the others, which record no gradient; defaults to none
   */
  readonly represent: (phi: Params, batch: Batch, frozen?: Params) => Representation;
  /** `represent` with the logits of the wanted tokens */
  readonly forward: (phi: Params, batch: Batch, frozen?: Params) => Representation & { readonly logit_PV: tf.Tensor2D };
}

type ImageOf<Sequence> = Sequence extends { readonly images?: readonly (infer Image)[] }
  ? Exclude<Image, Seen<object>>
  : never;

export interface Representation {
  readonly hidden_BLH: tf.Tensor3D;
  readonly wanted_PH: tf.Tensor2D;
}

export interface LanguageModelOptions extends BlockOptions {
  /** factor of adapters' contributions, as in PEFT alpha / r; defaults to 1 */
  readonly loraScale?: number;
}
