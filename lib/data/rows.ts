import { joinSteps, splitSteps } from "../text/steps.js";
import { partsOf } from "./dreamprm.js";
import { DataError } from "./files.js";
import { imageFrom } from "./images.js";
import { startsOf } from "./stepStarts.js";
import type { Solution } from "./types.js";

export interface RowOptions {
  /** the folder that the rows will be written to, from which image paths are to count; defaults to leaving them */
  readonly folder?: string;
}

/** A row of DreamPRM's training format, with our optional columns last. */
export interface TrainRow {
  readonly id: string;
  /** 1-based number of the step */
  readonly sid: number;
  readonly input: string;
  readonly add: string;
  readonly image_path: string;
  readonly dataset: string;
  readonly accuracy: number;
  readonly question_id: string;
  readonly step_label?: 0 | 1;
  readonly step_starts?: readonly number[];
}

/** A row of DreamPRM's meta format, with our optional columns last. */
export interface MetaRow {
  readonly id: string;
  readonly true_false: boolean;
  readonly input: string;
  readonly image_path: string;
  readonly question_id: string;
  readonly dataset?: string;
  readonly generator?: string;
  readonly step_starts?: readonly number[];
}

/** A row of our evaluation format (ProcessBench's layout). */
export interface EvaluationRow {
  readonly id: string;
  readonly problem: string;
  readonly steps: readonly string[];
  readonly final_answer_correct: boolean;
  /** index of the first wrong step, -1 when none is */
  readonly label?: number;
  readonly step_labels?: readonly (0 | 1 | null)[];
  readonly domain?: string;
  readonly generator?: string;
  readonly answer?: string;
  readonly question_id: string;
  readonly image_path?: string;
}

/**
 * One training row per step. `labels: "outcome"` gives every step the outcome of its solution, as outcome-supervised
 * pipelines do; `labels: "steps"` gives it its own label, and steps without one give no row. The own label is written
 * as `step_label` either way, where it is known.
 *
 * @throws DataError when a solution has no domain, or when no step has a label
 */
export function toTrainRows(
  solutions: readonly Solution[],
  { labels, folder }: RowOptions & { readonly labels: "outcome" | "steps" },
): TrainRow[] {
  const rows = solutions.flatMap((solution) =>
    solution.steps.flatMap((_, n): TrainRow[] => {
      const label = solution.stepLabels?.[n] ?? null;
      const accuracy = labels === "outcome" ? Number(solution.correct) : label;
      if (accuracy === null) return [];
      const steps = solution.steps.slice(0, n + 1);
      const add = joinSteps(steps);
      return [
        {
          id: solution.id,
          sid: n + 1,
          input: solution.question,
          add,
          image_path: imageFrom(solution.image, folder),
          dataset: domainOf(solution),
          accuracy,
          question_id: solution.questionId,
          ...(label !== null && { step_label: label }),
          ...(!sameTexts(splitSteps(add), steps) && { step_starts: startsOf(steps, 0) }),
        },
      ];
    }),
  );
  if (rows.length === 0) {
    throw new DataError(`none of ${solutions.length} solutions has step labels; use labels: "outcome"`);
  }
  return rows;
}

/** One row per solution in DreamPRM's meta format; step labels do not fit into it. */
export function toMetaRows(solutions: readonly Solution[], { folder }: RowOptions = {}): MetaRow[] {
  return solutions.map((solution): MetaRow => {
    const { id, questionId, question, steps, correct, image, domain, generator } = solution;
    const empty = steps.length === 1 && steps[0] === "";
    const input = empty ? question : joinSteps([question, ...steps]);
    const found = partsOf(input);
    const plain = found?.question === question && sameTexts(found.steps, steps);
    return {
      id,
      true_false: correct,
      input,
      image_path: imageFrom(image, folder),
      question_id: questionId,
      ...(domain !== undefined && { dataset: domain }),
      ...(generator !== undefined && { generator }),
      ...(!plain && { step_starts: empty ? [] : startsOf(steps, joinSteps([question, ""]).length) }),
    };
  });
}

/** One row per solution with everything that is known of it, but for the file it came from. */
export function toEvaluationRows(solutions: readonly Solution[], { folder }: RowOptions = {}): EvaluationRow[] {
  return solutions.map((solution): EvaluationRow => {
    const { id, questionId, question, steps, correct, stepLabels, image, domain, generator, answer } = solution;
    const firstError = stepLabels?.indexOf(0) ?? -1;
    const known = stepLabels !== undefined && (firstError >= 0 || !stepLabels.includes(null));
    const plain = stepLabels?.every((label, n) => label === (firstError === -1 || n < firstError ? 1 : 0));
    return {
      id,
      problem: question,
      steps,
      final_answer_correct: correct,
      ...(known && { label: firstError }),
      ...(stepLabels !== undefined && !plain && { step_labels: stepLabels }),
      ...(domain !== undefined && { domain }),
      ...(generator !== undefined && { generator }),
      ...(answer !== undefined && { answer }),
      question_id: questionId,
      ...(image !== undefined && { image_path: imageFrom(image, folder) }),
    };
  });
}

function domainOf({ id, domain }: Solution): string {
  if (domain === undefined) throw new DataError(`solution ${id} has no domain, which a training row needs`);
  return domain;
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
