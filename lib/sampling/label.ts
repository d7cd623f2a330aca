import { trainRowsOf } from "../data/rows.js";
import type { RowOptions, TrainRow } from "../data/rowTypes.js";
import { finalAnswer } from "../text/answer.js";
import { joinSteps, splitSteps } from "../text/steps.js";
import { type Done, orFailure } from "./failure.js";
import { inOrder } from "./inOrder.js";
import type { Judge } from "./judge.js";
import type { Policy } from "./policy.js";
import { promptOf, withoutThoughts } from "./prompt.js";
import { problemText } from "./question.js";
import type { Solved } from "./solved.js";
import { type Stopping, wanted } from "./stopping.js";
import { defaultTemplate, promptValues, type Template } from "./template.js";

/** A row of DreamPRM's training format with the Monte-Carlo counts. */
export interface LabelledRow extends TrainRow {
  readonly ground_truth: string;
  /** completions that ended in the right answer */
  readonly score: number;
  /** completions; 1 for a prefix that holds the final answer, which has nothing left to draw */
  readonly times: number;
  /** `times` followed from the outcomes, so `accuracy` is biased a little; see `stoppingBias` */
  readonly adaptive?: true;
}

export interface LabelOptions extends RowOptions {
  readonly policy: Policy;
  readonly judge: Judge;
  /** K, or a rule that may end earlier */
  readonly stopping: Stopping;
  /** asks to go on from {steps}; see `defaultTemplates` */
  readonly template?: Template;
  /**
   * "user" shows the solution so far in the prompt; "assistant" makes it the beginning of the model's own turn, which few
   * servers go on with (vLLM: extraBody `{ continue_final_message: true, add_generation_prompt: false }`). Defaults to "user"
   */
  readonly prefix?: "user" | "assistant";
}

/**
 * Monte-Carlo labels of every step prefix of every solution: K completions from there, judged,
 *
 *     accuracy = score / times
 *
 * (Math-Shepherd, arXiv 2312.08935, "soft estimation"; DreamPRM's training data). A prefix that already gives a final answer
 * is not completed: its label is the outcome, with `times` 1. Rows come in the solutions' order; solutions without a
 * reference or a domain are failures.
 */
export async function* labelSteps(
  solutions: Iterable<Solved>,
  options: LabelOptions,
): AsyncGenerator<Done<LabelledRow>> {
  const { policy, folder, stopping } = options;
  yield* inOrder(solutions, policy.concurrency, (solution) =>
    orFailure(solution.id, async () => {
      if (solution.domain === undefined)
        throw new Error(`solution ${solution.id} has no domain, which a training row needs (--domain)`);
      const counts = await Promise.all(
        solution.steps.map((_, n) => countRight(solution, solution.steps.slice(0, n + 1), options)),
      );
      const shares = counts.map(({ score, times }) => score / times);
      const { correct: _, ...rest } = solution;
      const labelled = { ...rest, question: problemText(solution), stepShares: shares };
      const rows = trainRowsOf(labelled, { labels: "steps", ...(folder !== undefined && { folder }) });
      return rows.map((row, n) => ({
        ...row,
        ground_truth: solution.reference ?? "",
        ...counts[n],
        ...(stopping.halfWidth !== undefined && { adaptive: true as const }),
      }));
    }),
  );
}

async function countRight(
  solution: Solved,
  steps: readonly string[],
  options: LabelOptions,
): Promise<{ score: number; times: number }> {
  const { judge, policy, stopping } = options;
  const given = finalAnswer(steps);
  if (steps.length === solution.steps.length && given !== undefined) {
    return { score: Number(await judge.right(solution, given)), times: 1 };
  }
  let [right, n] = [0, 0];
  for (let want = wanted(right, n, stopping); want > n; want = wanted(right, n, stopping)) {
    const completions = await policy.complete(promptFor(solution, steps, options), { samples: want });
    const verdicts = completions
      .slice(n)
      .map(({ text }) => judge.right(solution, finalAnswer(splitSteps(withoutThoughts(text)))));
    right += (await Promise.all(verdicts)).filter(Boolean).length;
    n = want;
  }
  return { score: right, times: n };
}

function promptFor(solution: Solved, steps: readonly string[], { prefix = "user", template }: LabelOptions) {
  if (prefix === "user")
    return promptOf((template ?? defaultTemplate("label")).fill(promptValues(solution, steps)), solution);
  const asked = (template ?? defaultTemplate("sample")).fill(promptValues(solution));
  return [...promptOf(asked, solution), { role: "assistant" as const, text: `${joinSteps(steps)}\n\n` }];
}
