import { imageFrom } from "../data/images.js";
import type { RowOptions } from "../data/rowTypes.js";
import type { Solution } from "../data/types.js";

/** A row of DreamPRM-1.5's meta format, with our optional columns last. */
export interface ConversationRow {
  readonly id: string;
  readonly image: string;
  readonly true_false: boolean;
  readonly conversations: readonly { readonly from: "system" | "human" | "gpt"; readonly value: string }[];
  readonly question_id: string;
  readonly domain?: string;
  readonly generator?: string;
}

const SYSTEM =
  'You check solutions step by step. First comes the problem, then one step of the solution in every turn. Reply "+" if the solution is right up to and including that step, otherwise "-", and nothing else.';

/**
 * One conversation per solution: the problem, then every step as a turn of the human. The "+" after each step is the place
 * where a model is scored, not a label; what is known is `true_false`.
 */
export function toConversationRows(solutions: readonly Solution[], { folder }: RowOptions = {}): ConversationRow[] {
  return solutions.map(({ id, questionId, question, steps, correct, image, domain, generator }) => ({
    id,
    image: imageFrom(image, folder),
    true_false: correct,
    conversations: [
      { from: "system", value: SYSTEM },
      { from: "human", value: `### Question:\n${question}` },
      ...steps.flatMap((step) => [{ from: "human", value: step } as const, { from: "gpt", value: "+" } as const]),
    ],
    question_id: questionId,
    ...(domain !== undefined && { domain }),
    ...(generator !== undefined && { generator }),
  }));
}
