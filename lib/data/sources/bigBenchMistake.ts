import { questionNames, uniqueNames } from "../identity.js";
import { firstErrorLabels, type Reader } from "../reader.js";
import { bigBenchMistakeRow, validateRows } from "../schema.js";
import type { Solution } from "../types.js";
import { domainOf } from "./mrBen.js";

/**
 * BIG-Bench-Mistake (WHGTyen/BIG-Bench-Mistake): JSON lines `input, steps, target, answer, mistake_index` (0-based,
 * null when no step is wrong); the domain is the file's name. A solution is right when its answer is the target but
 * for white space, whatever its steps are like. Blank steps are left out after the labels are given.
 */
export const bigBenchMistake: Reader = {
  format: "BIG-Bench-Mistake",
  fields: ["input", "steps", "mistake_index"],
  read(file, { afterError }) {
    const domain = domainOf(file.path);
    const names = questionNames();
    const unique = uniqueNames();
    const solutions = validateRows(file, bigBenchMistakeRow).map((row, i): Solution => {
      const labels = firstErrorLabels(row.steps.length, row.mistake_index, afterError);
      const full = row.steps.flatMap((step, n) => (step.trim() === "" ? [] : [n]));
      const answer = row.answer?.trim();
      return {
        id: unique(`${domain}-${i}`, i),
        questionId: names.of(row.input),
        question: row.input,
        steps: full.length > 0 ? full.map((n) => row.steps[n]) : [""],
        stepLabels: full.length > 0 ? full.map((n) => labels[n]) : [labels[0]],
        domain,
        correct: answer === row.target.trim(),
        ...(answer !== undefined && { answer }),
      };
    });
    return { solutions, withoutSteps: 0, notes: [] };
  },
};
