import { finalAnswer } from "../../text/answer.js";
import type { StepEvidence } from "../attempt.js";
import { defineReader } from "../reader.js";
import { evaluationRow } from "../schema.js";

/**
 * ProcessBench (Qwen/ProcessBench, arXiv 2412.06559): `id, generator, problem, steps, final_answer_correct, label`
 * (index of the first wrong step, -1 when none is). The domain is the file's name: gsm8k, math, olympiadbench, omnimath.
 *
 * Our evaluation format is the same layout with a `question_id`; optional `domain, answer, image_path` and
 * `step_labels`, which stand in place of `label` where right steps follow wrong ones. Without either nobody looked.
 */
export const processBench = defineReader({
  format: "evaluation (ProcessBench layout)",
  fields: ["problem", "steps"],
  row: evaluationRow,
  open: (sheet) => (row, at) => {
    const { steps } = row;
    if (steps.every((step) => step.trim() === "") && !sheet.withoutSteps()) return [];
    const image = sheet.image(row.image_path);
    const domain = row.domain ?? (row.question_id == null ? sheet.domain : undefined);
    const answer = row.answer ?? finalAnswer(steps);
    return [
      {
        id: sheet.id(row.id ?? `row ${at.row}`, at),
        questionId: row.question_id ?? sheet.questionId(row.problem, row.image_path),
        question: row.problem,
        steps,
        outcome: row.final_answer_correct,
        evidence: evidenceOf(row),
        ...(image !== undefined && { image }),
        ...(domain !== undefined && { domain }),
        ...(row.generator != null && { generator: row.generator }),
        ...(answer !== undefined && { answer }),
      },
    ];
  },
});

function evidenceOf(row: {
  label?: number | null | undefined;
  step_labels?: (0 | 1 | null)[] | null | undefined;
}): StepEvidence {
  if (row.step_labels != null) return { kind: "step", labels: row.step_labels };
  if (row.label == null) return { kind: "outcome" };
  return { kind: "first-error", firstError: row.label === -1 ? null : row.label };
}
