import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../../core/tree.js";
import type { LanguageModel, LanguageModelOptions, Representation } from "../transformer/languageModel.js";
import { linear, mapped } from "../transformer/linear.js";
import { type ParameterShapes, type Weights, weight, withPrefix } from "../transformer/parameters.js";
import type { TokenBatch } from "../transformer/tokenBatch.js";
import type { Qwen2Config } from "./config.js";
import { decoderShapes } from "./decoder.js";

/** What a Qwen2 language model is called in a checkpoint: decoder below `PREFIXmodel.`, head `PREFIXlm_head`. */
export function languageShapes(prefix: string, config: Qwen2Config): ParameterShapes {
  return {
    ...withPrefix(`${prefix}model.`, decoderShapes(config)),
    ...(!config.tied && { [`${prefix}lm_head.weight`]: [config.vocabulary, config.hiddenSize] }),
  };
}

type Represent<Batch> = (weights: Weights, batch: Batch) => Representation;

/** `represent` and `forward` of a model from its hidden states; logits through the head, or the embedding when tied. */
export function withHead<Batch extends TokenBatch>(
  represent: Represent<Batch>,
  prefix: string,
  { tied }: Qwen2Config,
  { loraScale = 1 }: LanguageModelOptions,
): Pick<LanguageModel<never, Batch>, "represent" | "forward"> {
  const logits = (weights: Weights, wanted_PH: tf.Tensor2D) =>
    tied
      ? mapped(wanted_PH, weight(weights, `${prefix}model.embed_tokens.weight`))
      : linear(weights, `${prefix}lm_head`, wanted_PH, loraScale);
  return {
    represent: (phi, batch, frozen: Params = {}) => tidied(() => represent({ phi, frozen }, batch)),
    forward: (phi, batch, frozen: Params = {}) =>
      tidied(() => {
        const weights = { phi, frozen };
        const representation = represent(weights, batch);
        return { ...representation, logit_PV: logits(weights, representation.wanted_PH) };
      }),
  };
}

/** Leaves the result's tensors alone. */
function tidied<T extends Representation>(f: () => T): T {
  return tf.tidy(() => f() as unknown as tf.TensorContainerObject) as unknown as T;
}
