import type { TextTokenizer } from "./tokenizer.js";

/**
 * The token ids of the labels that a generative reward model answers with, DreamPRM-1.5's "+" and "-".
 *
 * @throws Error showing the pieces when a label is not one token, and when two labels are the same token
 * @example
 * const [plus, minus] = labelTokens(tokenizer, ["+", "-"]);
 */
export function labelTokens(tokenizer: TextTokenizer, labels: readonly string[]): number[] {
  const ids = labels.map((label) => {
    const ids = tokenizer.encode(label, { addSpecialTokens: false });
    if (ids.length === 1) return ids[0];
    const pieces = tokenizer.tokens(label).map((piece) => JSON.stringify(piece));
    throw new Error(
      `label ${JSON.stringify(label)} must be one token of the tokenizer in ${tokenizer.path}; ` +
        (pieces.length > 0 ? `it is ${pieces.length}: ${pieces.join(" ")}` : "it is none"),
    );
  });
  const twice = labels.find((_, i) => ids.indexOf(ids[i]) < i);
  if (twice !== undefined) {
    throw new Error(
      `label ${JSON.stringify(twice)} is the same token as another in the tokenizer in ${tokenizer.path}`,
    );
  }
  return ids;
}
