import { joinSteps, splitSteps } from "../text/steps.js";
import type { Labelled } from "./attempt.js";
import { partsOf } from "./dreamprm.js";
import { DataError } from "./files.js";
import { imageFrom } from "./images.js";
import type { EvaluationRow, MetaRow, PoolRow, RowOptions, TrainRow } from "./rowTypes.js";
import { startsOf } from "./stepStarts.js";
import type { Pool, Solution } from "./types.js";

/**
 * One training row per step. `labels: "outcome"` gives every step the outcome of its solution, as outcome-supervised
 * pipelines do; `labels: "steps"` gives it its own label or Monte-Carlo share, and steps without one, or that another
 * solution has too, give no row. The own label is written as `step_label` either way, where it is known.
 *
 * @throws DataError when a solution has no domain, or when no step has a label
 */
export function toTrainRows(
  solutions: readonly Solution[],
  options: RowOptions & { readonly labels: "outcome" | "steps" },
): TrainRow[] {
  const rows = solutions.flatMap((solution) => trainRowsOf(solution, options));
  if (rows.length === 0) throw noStepLabels(solutions.length);
  return rows;
}

export function noStepLabels(solutions: number): DataError {
  return new DataError(`none of ${solutions} solutions has step labels; use labels: "outcome" (--labels outcome)`);
}

/** The training rows of one solution; see `toTrainRows`. */
export function trainRowsOf(
  solution: Labelled,
  { labels, folder }: RowOptions & { readonly labels: "outcome" | "steps" },
): TrainRow[] {
  return solution.steps.flatMap((_, n): TrainRow[] => {
    if (labels === "steps" && n < (solution.sharedSteps ?? 0)) return [];
    const label = solution.stepLabels?.[n] ?? null;
    const truth = truthOf(solution)?.[n] ?? null;
    const accuracy = labels === "outcome" ? outcomeOf(solution) : (solution.stepShares?.[n] ?? label);
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
        ...(truth !== null && { step_label: truth }),
        ...(!sameTexts(splitSteps(add), steps) && { step_starts: startsOf(steps, 0) }),
      },
    ];
  });
}

/** One row per solution in DreamPRM's meta format; step labels do not fit into it. */
export function toMetaRows(solutions: readonly Solution[], options: RowOptions = {}): MetaRow[] {
  return solutions.map((solution): MetaRow => {
    const { id, questionId, question, steps, correct, image, domain, generator } = solution;
    const stepLabels = truthOf(solution);
    const empty = steps.length === 1 && steps[0] === "";
    const input = empty ? question : joinSteps([question, ...steps]);
    const found = partsOf(input);
    const plain = found?.question === question && sameTexts(found.steps, steps);
    return {
      id,
      true_false: correct,
      input,
      image_path: imageFrom(image, options.folder),
      question_id: questionId,
      ...(domain !== undefined && { dataset: domain }),
      ...(generator !== undefined && { generator }),
      ...(!plain && { step_starts: empty ? [] : startsOf(steps, joinSteps([question, ""]).length) }),
      ...(stepLabels && { step_labels: stepLabels }),
    };
  });
}

/** One row per solution with all that is known of it but its file and what comes from sampling: no truth to test on. */
export function toEvaluationRows(solutions: readonly Solution[], { folder }: RowOptions = {}): EvaluationRow[] {
  return solutions.map((solution): EvaluationRow => {
    const { id, questionId, question, steps, correct, image, domain, generator, answer } = solution;
    const stepLabels = truthOf(solution);
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

/** One row per pool in DreamPRM-1.5's test format. */
export function toPoolRows(pools: readonly Pool[], { folder }: RowOptions = {}): PoolRow[] {
  return pools.map(({ questionId, question, image, domain, candidates }): PoolRow => {
    const texts = candidates.map(({ steps }) => joinSteps(steps));
    const starts = candidates.map(({ steps }, n) =>
      sameTexts(splitSteps(texts[n]), steps) ? null : startsOf(steps, 0),
    );
    return {
      id: questionId,
      question_id: questionId,
      question,
      image_path: imageFrom(image, folder),
      ...(domain !== undefined && { domain }),
      candidates: texts,
      true_false: candidates.map(({ correct }) => correct),
      ...column(
        "generators",
        candidates.map(({ generator }) => generator ?? null),
      ),
      ...column(
        "answers",
        candidates.map(({ answer }) => answer ?? null),
      ),
      ...column(
        "step_labels",
        candidates.map((candidate) => truthOf(candidate) ?? null),
      ),
      ...column("step_starts", starts),
    };
  });
}

function truthOf({ stepLabels, stepLabelsEstimated }: Labelled): Labelled["stepLabels"] {
  return stepLabelsEstimated ? undefined : stepLabels;
}

/** A column that is left out where no candidate has anything in it. */
function column<K extends string, T>(name: K, values: readonly (T | null)[]): { [N in K]?: readonly (T | null)[] } {
  const filled = values.some((value) => value !== null);
  return (filled ? { [name]: values } : {}) as { [N in K]?: readonly (T | null)[] };
}

function outcomeOf({ id, correct }: Labelled): number {
  if (correct === undefined) throw new DataError(`solution ${id} has no outcome, which outcome labels need`);
  return Number(correct);
}

function domainOf({ id, domain }: Labelled): string {
  if (domain === undefined) throw new DataError(`solution ${id} has no domain, which a training row needs`);
  return domain;
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
