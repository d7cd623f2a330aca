import { z } from "zod";
import { readRecords } from "../data/files.js";
import { checkImages, imageAt, imageFrom, type ImageOptions } from "../data/images.js";
import { flag, image, name, texts, words } from "../data/schema.js";
import type { EvaluationRow, RowOptions } from "../data/rowTypes.js";
import { rowReport, validateRows } from "../data/validate.js";
import { optionsLine, problemText, type Question } from "./question.js";

/** What a policy wrote to a question. */
export interface Solved extends Question {
  readonly id: string;
  readonly steps: readonly string[];
  /** the final answer that it gives */
  readonly answer?: string;
  /** the final answer is right; absent where nobody has said */
  readonly correct?: boolean;
  readonly generator: string;
  /** why it ended: "stop", "length" … */
  readonly finish: string;
}

/**
 * A row of our evaluation format with what the later programs need; without a ground truth `final_answer_correct` is
 * absent.
 */
export type SolvedRow = Omit<EvaluationRow, "final_answer_correct"> & {
  readonly final_answer_correct?: boolean;
  readonly options?: readonly string[];
  readonly ground_truth?: string;
  readonly finish: string;
};

export function toSolvedRow(solved: Solved, { folder }: RowOptions = {}): SolvedRow {
  const { id, steps, answer, correct, generator, finish, questionId, options, reference, image, domain } = solved;
  return {
    id,
    question_id: questionId,
    problem: problemText(solved),
    steps,
    ...(correct !== undefined && { final_answer_correct: correct }),
    ...(answer !== undefined && { answer }),
    ...(reference !== undefined && { ground_truth: reference }),
    ...(options !== undefined && { options }),
    ...(domain !== undefined && { domain }),
    ...(image !== undefined && { image_path: imageFrom(image, folder) }),
    generator,
    finish,
  };
}

const solvedRow = z.object({
  id: name,
  question_id: name,
  problem: words,
  steps: texts,
  final_answer_correct: flag.nullish(),
  answer: z.string().nullish(),
  ground_truth: z.string().nullish(),
  options: texts.nullish(),
  domain: z.string().nullish(),
  image_path: image,
  generator: z.string().nullish(),
  finish: z.string().nullish(),
});

/**
 * Loads what `sample` has written.
 * @throws DataError naming row, field, value and what is expected, for up to 20 faults at once
 */
export async function loadSolved(path: string, options: ImageOptions = {}): Promise<Solved[]> {
  const file = await readRecords(path);
  const report = rowReport(path);
  const seen = new Map<string, number>();
  const solved = validateRows(file, solvedRow).map((row, i): Solved => {
    const earlier = seen.get(row.id);
    if (earlier !== undefined)
      report.add({ row: i, value: file.records[i] }, "id", row.id, `another than row ${earlier}'s`);
    seen.set(row.id, i);
    const line = row.options == null ? "" : `\n${optionsLine(row.options)}`;
    const question = row.problem.endsWith(line) ? row.problem.slice(0, row.problem.length - line.length) : row.problem;
    const image = imageAt(row.image_path, path, options);
    return {
      id: row.id,
      questionId: row.question_id,
      question,
      steps: row.steps,
      ...(row.options != null && { options: row.options }),
      ...(row.final_answer_correct != null && { correct: row.final_answer_correct }),
      ...(row.answer != null && { answer: row.answer }),
      ...(row.ground_truth != null && { reference: row.ground_truth }),
      ...(row.domain != null && { domain: row.domain }),
      ...(image !== undefined && { image }),
      generator: row.generator ?? "unknown",
      finish: row.finish ?? "stop",
    };
  });
  report.throwIfAny();
  checkImages(path, solved, { images: "check", ...options });
  return solved;
}
