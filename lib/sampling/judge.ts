import { type AnswerMatch, sameAnswer } from "./answerMatch.js";
import type { Policy } from "./policy.js";
import { promptOf } from "./prompt.js";
import type { Question } from "./question.js";
import { defaultTemplate, promptValues, type Template } from "./template.js";

/** Says whether a final answer to a question is right. */
export interface Judge {
  /** for the record of how labels were made */
  readonly name: string;
  /** @throws Error when the question has no reference answer */
  right(question: Question, answer: string | undefined): Promise<boolean>;
}

/** Compares with the reference; see `sameAnswer`. */
export function matchJudge(match: AnswerMatch = "auto", tolerance?: number): Judge {
  return {
    name: match === "numeric" ? `numeric, tolerance ${tolerance ?? 0.001}` : match,
    right: (question, answer) =>
      sameAnswer(answer, referenceOf(question), {
        match,
        ...(tolerance !== undefined && { tolerance }),
        ...(question.options && { options: question.options }),
      }),
  };
}

/**
 * Asks a model, at temperature 0 and once for each distinct answer, where comparing does not find the answer right. Its
 * reply must begin with yes or no.
 *
 * @throws Error quoting a reply that does not
 */
export function policyJudge(
  policy: Policy,
  { model = policy.model, template = defaultTemplate("judge") }: { model?: string; template?: Template } = {},
): Judge {
  return {
    name: `judge ${model}`,
    async right(question, answer) {
      const reference = referenceOf(question);
      if (answer === undefined) return false;
      if (await sameAnswer(answer, reference, question.options ? { options: question.options } : {})) return true;
      const text = template.fill({ ...promptValues(question), reference, answer });
      const [{ text: reply }] = await policy.complete(promptOf(text, question), { samples: 1, temperature: 0, model });
      const verdict = /^[\s*_"'.]*(yes|no)\b/i.exec(reply)?.[1].toLowerCase();
      if (verdict === undefined) {
        throw new Error(
          `the judge's reply to ${question.questionId} is neither yes nor no: ${JSON.stringify(reply.slice(0, 80))}`,
        );
      }
      return verdict === "yes";
    },
  };
}

function referenceOf({ questionId, reference }: Question): string {
  if (reference === undefined) throw new Error(`question ${questionId} has no ground truth to judge answers with`);
  return reference;
}
