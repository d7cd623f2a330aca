import { finalAnswer } from "../text/answer.js";
import { splitSteps } from "../text/steps.js";
import { type Done, orFailure } from "./failure.js";
import { inOrder } from "./inOrder.js";
import type { Judge } from "./judge.js";
import type { Policy } from "./policy.js";
import { promptOf, withoutThoughts } from "./prompt.js";
import type { Question } from "./question.js";
import type { Solved } from "./solved.js";
import { defaultTemplate, promptValues, type Template } from "./template.js";

export interface SampleOptions {
  readonly policy: Policy;
  /** N, solutions per question */
  readonly samples: number;
  /** defaults to DreamPRM's five steps; see `defaultTemplates` */
  readonly template?: Template;
  /** says which answers are right where a question has a reference; without one nothing is said */
  readonly judge?: Judge;
}

/**
 * N solutions of each question, in the questions' order. A question that the endpoint refuses, or that still fails after
 * all attempts, is a failure of its own; the others go on.
 *
 * @example
 * for await (const { results } of sampleSolutions(questions, { policy, samples: 8, judge: matchJudge() })) console.log(results);
 *
 * @throws BudgetError, StoppedError, and EndpointError where no question could do better (key, model, quota)
 */
export async function* sampleSolutions(
  questions: Iterable<Question>,
  options: SampleOptions,
): AsyncGenerator<Done<Solved>> {
  const { policy, samples, template = defaultTemplate("sample"), judge } = options;
  yield* inOrder(questions, policy.concurrency, (question) =>
    orFailure(question.questionId, async () => {
      const completions = await policy.complete(promptOf(template.fill(promptValues(question)), question), { samples });
      return Promise.all(
        completions.map(async ({ text, finish }, n): Promise<Solved> => {
          const steps = splitSteps(withoutThoughts(text));
          const answer = finalAnswer(steps);
          const correct = question.reference === undefined ? undefined : await judge?.right(question, answer);
          return {
            ...question,
            id: `${question.questionId}/${n}`,
            steps,
            ...(answer !== undefined && { answer }),
            ...(correct !== undefined && { correct }),
            generator: policy.model,
            finish,
          };
        }),
      );
    }),
  );
}
