/** What stands for an image in a prompt, and what the model reads instead. */
export interface ImagePlaceholder {
  /** in the prompt, once for each image */
  readonly inPrompt: string;
  /** repeated as often as the image has features */
  readonly token: string;
  readonly before?: string;
  readonly after?: string;
}

/** By the processors of Hugging Face (Qwen2-VL, LLaVA-OneVision) and by InternVL's published code. */
export const imagePlaceholders = {
  qwen2Vl: { inPrompt: "<|image_pad|>", token: "<|image_pad|>" },
  internVl: { inPrompt: "<image>", token: "<IMG_CONTEXT>", before: "<img>", after: "</img>" },
  llavaOneVision: { inPrompt: "<image>", token: "<image>" },
} as const satisfies Record<string, ImagePlaceholder>;

/**
 * Replaces the k-th placeholder of a prompt by `counts[k]` image tokens.
 *
 * @param counts  image tokens of each image, in order: the `tokens` that an image processor says
 * @param what    "row 17 of train.json", for messages
 * @throws Error when there are not as many placeholders as images
 * @example
 * expandImages("<image>\nHow many?", [2], imagePlaceholders.internVl); // <img><IMG_CONTEXT><IMG_CONTEXT></img>\nHow many?
 */
export function expandImages(
  prompt: string,
  counts: readonly number[],
  { inPrompt, token, before = "", after = "" }: ImagePlaceholder,
  what = "the prompt",
): string {
  const parts = prompt.split(inPrompt);
  if (parts.length - 1 !== counts.length) {
    throw new Error(`${what} has ${parts.length - 1} times ${inPrompt}, for ${counts.length} images`);
  }
  return parts.map((part, k) => part + (k < counts.length ? before + token.repeat(counts[k]) + after : "")).join("");
}
