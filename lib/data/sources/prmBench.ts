import { z } from "zod";
import { finalAnswer } from "../../text/answer.js";
import { defineReader } from "../reader.js";
import { name, text, texts, words } from "../schema.js";

const prmBenchRow = z
  .object({
    idx: name.nullish(),
    original_question: words,
    modified_question: words,
    original_process: texts,
    modified_process: texts,
    error_steps: z.array(z.int({ error: "a step number" }).min(1, "a step number, from 1"), {
      error: "a list of step numbers",
    }),
    classification: text.nullish(),
  })
  .refine(({ error_steps, modified_process }) => error_steps.every((step) => step <= modified_process.length), {
    path: ["error_steps"],
    error: "numbers of steps of modified_process",
  });

/**
 * PRMBench (hitsmy/PRMBench_Preview, arXiv 2501.03124): JSON lines with a right solution (`original_question,
 * original_process`) and the same with mistakes put in (`modified_question, modified_process`), whose wrong steps are
 * `error_steps`, from 1. Hard labels of every step, no outcomes. The domain is `classification`, the kind of mistake.
 *
 * The original is there once, with the first row that has it, though several rows are made from it.
 */
export const prmBench = defineReader({
  format: "PRMBench",
  fields: ["original_process", "modified_process", "error_steps"],
  row: prmBenchRow,
  open: (sheet) => {
    const seen = new Set<string>();
    return (row, at) => {
      const attempt = (id: string, question: string, steps: readonly string[], wrong: readonly number[]) => {
        const answer = finalAnswer(steps);
        return {
          id: sheet.id(id, at),
          questionId: sheet.questionId(question),
          question,
          steps,
          domain: row.classification ?? sheet.domain,
          evidence: { kind: "step" as const, labels: steps.map((_, i) => (wrong.includes(i + 1) ? 0 : 1)) },
          ...(answer !== undefined && { answer }),
        };
      };
      const id = row.idx ?? `${sheet.domain}-${at.row}`;
      const modified = attempt(id, row.modified_question, row.modified_process, row.error_steps);
      const key = sheet.questionId([row.original_question, ...row.original_process].join("\n"));
      if (seen.has(key)) {
        sheet.note("original solution(s) left out, since an earlier row has the same");
        return [modified];
      }
      seen.add(key);
      return [attempt(`${id}-original`, row.original_question, row.original_process, []), modified];
    };
  },
});
