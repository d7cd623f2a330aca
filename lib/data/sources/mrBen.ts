import { finalAnswer } from "../../text/answer.js";
import { splitSteps } from "../../text/steps.js";
import { defineReader } from "../reader.js";
import { mrBenRow } from "../schema.js";

/**
 * MR-Ben (dvlab-research/Mr-Ben, arXiv 2406.13975): a JSON object, question id → solutions; the domain is the file's name.
 *
 * The lines of `Model_Solution_Steps` are put together under their "Step N:" headings, since
 * `Model_Solution_First_Error_Step` counts headings, not lines: in the 150 physics solutions where the two differ, the
 * rectified step resembles the headed step 20 times as often as the line of that number. In `coding` the solution is
 * one text whose lines are the steps, and the first error is the text of a line. Solutions whose first error cannot be
 * found, or whose line occurs twice, come without step labels.
 */
export const mrBen = defineReader({
  format: "MR-Ben",
  fields: ["Question_UUID", "Model_Solution_Steps", "Model_Solution_First_Error_Step"],
  row: mrBenRow,
  open: (sheet) => (row, at) => {
    const steps = stepsOf(row.Model_Solution_Steps);
    const firstError = findFirstError(steps, row.Model_Solution_First_Error_Step);
    if (firstError === undefined) {
      sheet.note("solution(s) without step labels: their first error is not found, or found twice");
    }
    const questionId = at.group ?? row.Question_UUID;
    const generator = row.Sampled_Model ?? undefined;
    const answer = finalAnswer(steps);
    const options = row.Options?.trim();
    return [
      {
        id: sheet.id(`${questionId}-${generator ?? "model"}`, at),
        questionId,
        question: options ? `${row.Question}\nOptions:\n${options}` : row.Question,
        steps,
        domain: sheet.domain,
        outcome: row.Model_Solution_Correctness.trim().toLowerCase() === "correct",
        evidence: firstError === undefined ? { kind: "outcome" } : { kind: "first-error", firstError },
        ...(generator !== undefined && { generator }),
        ...(answer !== undefined && { answer }),
      },
    ];
  },
});

function stepsOf(lines: string | readonly string[]): string[] {
  if (typeof lines !== "string") return splitSteps(lines.join("\n"));
  return lines.split(/\r?\n/).filter((line) => line.trim() !== "");
}

/** The index of the first wrong step, null for none, undefined when it cannot be told. */
function findFirstError(steps: readonly string[], firstError: string | number): number | null | undefined {
  const text = String(firstError);
  if (/^\s*N\/A\s*$/i.test(text)) return null;
  if (/^\s*\d+\s*$/.test(text)) {
    const number = Number(text);
    const headed = steps.findIndex((step) => new RegExp(`^\\W*Step\\s+${number}\\b`, "i").test(step));
    return headed >= 0 ? headed : number >= 1 && number <= steps.length ? number - 1 : undefined;
  }
  for (const same of [(step: string) => step === text, (step: string) => step.trim() === text.trim()]) {
    const found = steps.flatMap((step, i) => (same(step) ? [i] : []));
    if (found.length > 0) return found.length === 1 ? found[0] : undefined;
  }
  return undefined;
}
