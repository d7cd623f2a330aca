/** Reference folders of tiny models: `config.json`, `model.safetensors` and the layouts of `cases.json`. */
import { z } from "zod";

const numbers = z.array(z.number());
const norms = z.record(z.string(), z.number());
const ids = z.array(z.int());
const grid = z.tuple([z.int(), z.int(), z.int()]);

/** One score from the last token's logits through a linear head; loss = (σ(head) − label)². */
export const scoreCases = z.looseObject({
  head: z.object({ weight: z.array(numbers), bias: numbers }),
  cases: z.array(
    z.looseObject({
      inputIds: ids,
      /** of one image, or of several */
      imageGridThw: z.union([grid.transform((one) => [one]), z.array(grid)]).nullish(),
      pixelValues: z.array(numbers).nullish(),
      positionIds: z.array(ids).nullish(),
      /** of the first entries of the vocabulary */
      lastTokenLogits: numbers,
      firstTokenLogits: numbers.nullish(),
      score: z.number(),
      label: z.number(),
      loss: z.number(),
      gradNorms: norms,
      gradQProjLayer0FirstRow: numbers,
    }),
  ),
});

/** Probabilities of "+" and "−" at several positions; loss = mean cross entropy against the targets. */
export const labelCases = z.looseObject({
  cases: z.array(
    z.looseObject({
      inputIds: ids,
      pixelValues: numbers.nullish(),
      /** [tiles, channels, height, width] */
      pixelShape: z.tuple([z.int(), z.int(), z.int(), z.int()]).nullish(),
      placeholderPositions: ids,
      targets: ids,
      logitsAtPlaceholders: z.array(numbers),
      pPlus: numbers,
      pMinus: numbers,
      crossEntropy: z.number(),
      gradNorms: norms,
      gradQProjLayer0FirstRow: numbers,
    }),
  ),
});

export const modelType = z.looseObject({ model_type: z.enum(["qwen2_vl", "internvl_chat"]) });

/** ids that the tokenizer of a real checkpoint tells */
export const labelTokens = z.looseObject({
  image_context_token_id: z.int(),
  positive_token_id: z.int(),
  negative_token_id: z.int(),
});

export type ScoreCases = z.infer<typeof scoreCases>;
export type LabelCases = z.infer<typeof labelCases>;
export type LabelTokens = z.infer<typeof labelTokens>;
