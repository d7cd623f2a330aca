import type { LanguageModel, LanguageModelOptions } from "../transformer/languageModel.js";
import { initialParameters, type ParameterShapes, within } from "../transformer/parameters.js";
import type { TokenBatch, TokenSequence } from "../transformer/tokenBatch.js";
import type { BatchImages, VisionTower } from "../transformer/tower.js";
import type { Qwen2Config } from "./config.js";
import { represented } from "./decoder.js";
import { languageShapes, withHead } from "./head.js";

interface Parts<Sequence extends TokenSequence, Batch extends TokenBatch, Input> {
  readonly text: Qwen2Config;
  /** before the names of the language model's tensors */
  readonly prefix: string;
  /** of what lies below the language model */
  readonly towerShapes: ParameterShapes;
  readonly tower: NonNullable<LanguageModel<Sequence, Batch>["tower"]> & Pick<VisionTower<never, Input>, "features">;
  readonly batch: LanguageModel<Sequence, Batch>["batch"];
  /** defaults to no other names */
  readonly canonical?: (name: string) => string;
}

/** A vision tower below a Qwen2 language model: what the vision-language models have in common. */
export function imageTextModel<
  Sequence extends TokenSequence,
  Batch extends TokenBatch & { readonly images?: BatchImages<Input> },
  Input,
>(
  { text, prefix, towerShapes, tower, batch, canonical = (name) => name }: Parts<Sequence, Batch, Input>,
  options: LanguageModelOptions,
): LanguageModel<Sequence, Batch> {
  const shapes = { ...towerShapes, ...languageShapes(prefix, text) };
  const run = withHead(
    (weights, batch: Batch) =>
      represented(within(weights, `${prefix}model.`), text, batch, tower.features(weights, batch.images), options),
    prefix,
    text,
    options,
  );
  const init = (seed: number) => initialParameters(shapes, seed);
  return { limits: text, hiddenSize: text.hiddenSize, shapes, tower, canonical, init, batch, ...run };
}
