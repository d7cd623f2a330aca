import { z } from "zod";
import { finalAnswer } from "../../text/answer.js";
import { defineReader } from "../reader.js";
import { flag, text, words } from "../schema.js";

const GENERATORS = ["6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"] as const;

const given = z.object({ solution: text, is_correct: flag }, { error: "an object { solution, is_correct }" }).nullish();

const gsm8kRow = z.object({
  question: words,
  ground_truth: text,
  "6b_finetuning": given,
  "6b_verification": given,
  "175b_finetuning": given,
  "175b_verification": given,
});

/**
 * GSM8K's example model solutions (openai/grade-school-math, `example_model_solutions.jsonl`, arXiv 2110.14168): JSON
 * lines `question, ground_truth` and per generator `{ solution, is_correct }`. Outcomes only; up to four solutions of
 * every question. Steps are lines; the annotations of the calculator, `<<2+3=5>>`, are taken out.
 */
export const gsm8k = defineReader({
  format: "GSM8K example model solutions",
  fields: ["question", "ground_truth", GENERATORS.join("|")],
  row: gsm8kRow,
  open: (sheet) => (row, at) => {
    const questionId = sheet.questionId(row.question);
    const reference = answerOf(linesOf(row.ground_truth));
    return GENERATORS.flatMap((generator) => {
      const { solution, is_correct: outcome } = row[generator] ?? {};
      if (solution === undefined || outcome === undefined) return [];
      const lines = linesOf(solution);
      if (lines.length === 0 && !sheet.withoutSteps()) return [];
      const answer = answerOf(lines);
      return {
        id: sheet.id(`${sheet.domain}-${at.row}-${generator}`, at),
        questionId,
        question: row.question,
        steps: lines.length > 0 ? lines : [""],
        domain: sheet.domain,
        generator,
        outcome,
        evidence: { kind: "outcome" },
        ...(reference !== undefined && { reference }),
        ...(answer !== undefined && { answer }),
      };
    });
  },
});

function linesOf(solution: string): string[] {
  return solution
    .replace(/<<[^<>\n]*>>/g, "")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** What the last line gives after "####" or "A:". */
function answerOf(lines: readonly string[]): string | undefined {
  return /^(?:####|A:)\s*(\S.*)$/.exec(lines.at(-1) ?? "")?.[1] ?? finalAnswer(lines);
}
