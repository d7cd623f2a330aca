import { z } from "zod";
import { finalAnswer } from "../../text/answer.js";
import type { Attempt } from "../attempt.js";
import { defineReader } from "../reader.js";
import { text, texts, words } from "../schema.js";

const rating = z.union([z.literal(-1), z.literal(0), z.literal(1)], { error: "-1, 0, 1 or null" }).nullish();
const completion = z.object({ text, rating });
const human = z.union([completion, text.transform((text) => ({ text, rating: null }))], {
  error: "a text, or an object { text, rating }, or null",
});

const labelledStep = z
  .object({
    completions: z.array(completion, { error: "a list of { text, rating }" }).nullish(),
    human_completion: human.nullish(),
    chosen_completion: z.int({ error: "an index into completions, or null" }).min(0).nullish(),
  })
  .refine(({ chosen_completion: chosen, completions }) => chosen == null || chosen < (completions?.length ?? 0), {
    path: ["chosen_completion"],
    error: "smaller than the number of completions",
  });

const prm800kRow = z.object({
  question: z.object({
    problem: words,
    ground_truth_answer: text.nullish(),
    pre_generated_steps: texts.nullish(),
  }),
  label: z.object({
    steps: z.array(labelledStep, { error: "a list of labelled steps" }),
    finish_reason: text.nullish(),
  }),
  generation: z.union([z.string(), z.number()]).nullish(),
});

type Completion = z.infer<typeof completion>;

/**
 * PRM800K (openai/prm800k, arXiv 2305.20050): JSON lines `question, label: { steps: [{ completions: [{ text, rating }],
 * human_completion, chosen_completion }], finish_reason }`. Hard labels: 1 right, -1 wrong, 0 neither ("neutral").
 *
 * The first solution of a row is the path of chosen (or human) completions; where the solution was written in advance
 * (phase 2), it is that one to its end, unlabelled after the first error. Every other completion is a solution that
 * branches off there and ends with it. "solution" as `finish_reason` says that the path's answer is right; no other
 * outcome is stated. Rows whose problem was reported as broken are left out. The domain is the file's name.
 */
export const prm800k = defineReader({
  format: "PRM800K",
  fields: ["question.problem", "label.steps"],
  row: prm800kRow,
  open: (sheet) => (row, at) => {
    const { problem, ground_truth_answer: reference, pre_generated_steps: written } = row.question;
    const { steps, finish_reason: reason } = row.label;
    if (reason === "bad_problem") {
      sheet.note("row(s) left out, since their problem was reported as broken");
      return [];
    }
    const path: Completion[] = written
      ? written.map((text, k) => steps[k]?.completions?.find((c) => c.text === text) ?? { text, rating: null })
      : pathOf(steps);
    const attempt = (name: string, taken: readonly Completion[]): Attempt => {
      const answer = answerOf(taken.map(({ text }) => text));
      return {
        id: sheet.id(name, at),
        questionId: sheet.questionId(problem),
        question: problem,
        steps: taken.map(({ text }) => text),
        domain: sheet.domain,
        evidence: { kind: "step", labels: taken.map(({ rating }) => labelOf(rating)) },
        ...(reference != null && { reference }),
        ...(row.generation != null && { generator: `generation ${row.generation}` }),
        ...(answer !== undefined && { answer }),
      };
    };
    const name = `${sheet.domain}-${at.row}`;
    const main = path.length === 0 ? [] : [{ ...attempt(name, path), ...(reason === "solution" && { outcome: true }) }];
    const branches = steps.slice(0, path.length + 1).flatMap(({ completions }, k) =>
      (completions ?? []).flatMap((completion, n) => {
        if (completion.text === path[k]?.text) return [];
        return { ...attempt(`${name}/${k}.${n}`, [...path.slice(0, k), completion]), sharedSteps: k };
      }),
    );
    if (main.length + branches.length === 0) sheet.note("row(s) without any step");
    return [...main, ...branches];
  },
});

function pathOf(steps: readonly z.infer<typeof labelledStep>[]): Completion[] {
  const path: Completion[] = [];
  for (const { completions, human_completion: human, chosen_completion: chosen } of steps) {
    const taken = chosen == null ? human : completions?.[chosen];
    if (taken == null) break;
    path.push(taken);
  }
  return path;
}

function labelOf(rating: Completion["rating"]): 0 | 1 | "neutral" | null {
  if (rating == null) return null;
  return rating === 0 ? "neutral" : rating === 1 ? 1 : 0;
}

/** What stands under the heading "# Answer" at the end. */
function answerOf(steps: readonly string[]): string | undefined {
  return /(?:^|\n)# Answer\s*\n+\s*(\S[^\n]*?)\s*$/.exec(steps.at(-1) ?? "")?.[1] ?? finalAnswer(steps);
}
