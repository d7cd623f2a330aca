import { defineReader } from "../reader.js";
import { bigBenchMistakeRow } from "../schema.js";

/**
 * BIG-Bench-Mistake (WHGTyen/BIG-Bench-Mistake, arXiv 2311.08516): JSON lines `input, steps, target, answer,
 * mistake_index` (0-based, null when no step is wrong); the domain is the file's name. A solution is right when its
 * answer is the target but for white space, whatever its steps are like. Blank steps are left out; a mistake in one
 * counts for the step after it.
 */
export const bigBenchMistake = defineReader({
  format: "BIG-Bench-Mistake",
  fields: ["input", "steps", "mistake_index"],
  row: bigBenchMistakeRow,
  open: (sheet) => (row, at) => {
    const full = row.steps.filter((step) => step.trim() !== "");
    const before = row.steps.slice(0, row.mistake_index ?? undefined).filter((step) => step.trim() !== "").length;
    const steps = full.length > 0 ? full : [""];
    const answer = row.answer?.trim();
    return [
      {
        id: sheet.id(`${sheet.domain}-${at.row}`, at),
        questionId: sheet.questionId(row.input),
        question: row.input,
        steps,
        domain: sheet.domain,
        outcome: answer === row.target.trim(),
        reference: row.target,
        evidence: {
          kind: "first-error",
          firstError: row.mistake_index === null || before >= steps.length ? null : before,
        },
        ...(answer !== undefined && { answer }),
      },
    ];
  },
});
