import { finalAnswer } from "../text/answer.js";
import { questionNames, uniqueNames } from "./identity.js";
import { imageAt } from "./images.js";
import { firstErrorLabels, type Reader } from "./reader.js";
import { evaluationRow, validateRows } from "./schema.js";
import type { Solution } from "./types.js";

/**
 * Our evaluation format, in ProcessBench's layout: `id, problem, steps, final_answer_correct, label` (index of the
 * first wrong step, -1 when none is, left out when nobody looked); optional `domain, generator, answer, question_id,
 * image_path` and `step_labels`, which stand in place of `label` where right steps follow wrong ones.
 */
export const evaluation: Reader = {
  format: "evaluation (ProcessBench layout)",
  fields: ["problem", "steps"],
  read(file, options) {
    const names = questionNames();
    const unique = uniqueNames();
    let withoutSteps = 0;
    const solutions = validateRows(file, evaluationRow).flatMap((row, i): Solution[] => {
      const empty = row.steps.every((step) => step.trim() === "");
      if (empty) withoutSteps++;
      if (empty && options.withoutSteps === "skip") return [];
      const { steps } = row;
      const labelled = row.label == null ? undefined : firstErrorOf(row.label);
      const stepLabels =
        row.step_labels ??
        (labelled === undefined ? undefined : firstErrorLabels(steps.length, labelled, options.afterError));
      const image = imageAt(row.image_path, file.path, options);
      const answer = row.answer ?? finalAnswer(steps);
      return [
        {
          id: unique(row.id ?? `row ${i}`, i),
          questionId: row.question_id ?? names.of(row.problem, row.image_path),
          question: row.problem,
          steps,
          correct: row.final_answer_correct,
          ...(stepLabels !== undefined && { stepLabels }),
          ...(image !== undefined && { image }),
          ...(row.domain != null && { domain: row.domain }),
          ...(row.generator != null && { generator: row.generator }),
          ...(answer !== undefined && { answer }),
        },
      ];
    });
    return { solutions, withoutSteps, notes: [] };
  },
};

function firstErrorOf(label: number): number | null {
  return label === -1 ? null : label;
}
