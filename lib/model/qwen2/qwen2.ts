import { parseOptions } from "../../core/check.js";
import type { LanguageModel, LanguageModelOptions } from "../transformer/languageModel.js";
import { initialParameters, within } from "../transformer/parameters.js";
import { frequencies } from "../transformer/rotary.js";
import { layoutOf, type Padding, type TokenBatch, tokenBatch, type TokenSequence } from "../transformer/tokenBatch.js";
import { type Qwen2Config, qwen2Config, qwen2Schema } from "./config.js";
import { represented } from "./decoder.js";
import { languageShapes, withHead } from "./head.js";

/**
 * The text-only language model Qwen2 or Qwen2.5 (arXiv 2407.10671), as Hugging Face's `Qwen2ForCausalLM`.
 *
 * @param config  the content of its `config.json`
 * @throws TypeError naming the fields of the config that are missing, ill-typed or ask for what is not supported
 */
export function qwen2(config: unknown, options: LanguageModelOptions = {}): LanguageModel {
  const parsed = qwen2Config(parseOptions(qwen2Schema, config, "config of Qwen2"));
  const shapes = languageShapes("", parsed);
  const run = withHead(
    (weights, batch: TokenBatch) => represented(within(weights, "model."), parsed, batch, undefined, options),
    "",
    parsed,
    options,
  );
  return {
    limits: parsed,
    hiddenSize: parsed.hiddenSize,
    shapes,
    canonical: (name) => name,
    init: (seed) => initialParameters(shapes, seed),
    batch: (sequences, padding = "right") => textBatch(sequences, parsed, padding),
    ...run,
  };
}

/** Sequences whose tokens' positions are 0, 1, 2, … */
export function textBatch(sequences: readonly TokenSequence[], config: Qwen2Config, padding: Padding): TokenBatch {
  const { headSize, ropeTheta } = config;
  const frequency = frequencies(headSize, ropeTheta);
  const layout = layoutOf(sequences, config, padding);
  const angle = (_: number, i: number, j: number) => i * frequency[j];
  return tokenBatch(sequences, { layout, padding, headSize, angle, shared: true });
}
