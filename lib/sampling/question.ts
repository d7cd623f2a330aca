import { z } from "zod";
import { questionNames } from "../data/identity.js";
import { imageAt, checkImages, type ImageOptions } from "../data/images.js";
import { readRecords } from "../data/files.js";
import { image, name, texts, words } from "../data/schema.js";
import { rowReport, validateRows } from "../data/validate.js";

/** A question for a policy. */
export interface Question {
  readonly questionId: string;
  readonly question: string;
  /** texts without their letters */
  readonly options?: readonly string[];
  /** the right answer, where it is known */
  readonly reference?: string;
  readonly image?: string;
  readonly domain?: string;
}

const either = <T extends z.ZodType>(type: T) => type.nullish();
const answer = z.union([z.string(), z.number()], { error: "a text or a number" }).transform(String);

const questionRow = z.object({
  id: either(name),
  question_id: either(name),
  question: either(words),
  problem: either(words),
  input: either(words),
  options: either(texts),
  answer: either(answer),
  ground_truth: either(answer),
  image_path: image,
  image,
  domain: either(z.string()),
  dataset: either(z.string()),
});

/**
 * Loads questions from JSON, JSON lines or Parquet: `question` (or `problem`, `input`); optional `id` (or
 * `question_id`), `options` (a list of texts), `ground_truth` (or `answer`), `image_path` (or `image`), `domain` (or
 * `dataset`). A row whose question is there already is refused, since its completions would be the same.
 *
 * @throws DataError naming row, field, value and what is expected, for up to 20 faults at once
 */
export async function loadQuestions(path: string, options: ImageOptions = {}): Promise<Question[]> {
  const file = await readRecords(path);
  const report = rowReport(path);
  const names = questionNames();
  const seen = new Map<string, number>();
  const questions = validateRows(file, questionRow).map((row, i): Question => {
    const at = { row: i, value: file.records[i] };
    const question = row.question ?? row.problem ?? row.input ?? "";
    if (question === "") report.add(at, "question", undefined, "a text");
    const image = imageAt(row.image_path ?? row.image, path, options);
    const questionId = row.question_id ?? row.id ?? names.of(question, image);
    const earlier = seen.get(questionId);
    if (earlier !== undefined) report.add(at, "id", questionId, `another than row ${earlier}'s`);
    seen.set(questionId, i);
    const reference = row.ground_truth ?? row.answer;
    const domain = row.domain ?? row.dataset;
    return {
      questionId,
      question,
      ...(row.options != null && { options: row.options }),
      ...(reference != null && { reference }),
      ...(image !== undefined && { image }),
      ...(domain != null && { domain }),
    };
  });
  report.throwIfAny();
  checkImages(path, questions, { images: "check", ...options });
  return questions;
}

/** "Options: (A) red (B) blue", as in DreamPRM's files; empty without options. */
export function optionsLine(options: readonly string[] | undefined): string {
  if (options === undefined) return "";
  return `Options: ${options.map((text, i) => `(${optionLetter(i)}) ${text.replace(/\s+/g, " ").trim()}`).join(" ")}`;
}

export const optionLetter = (index: number): string => String.fromCharCode(65 + index);

/** The question with its options, which is what a PRM reads. */
export function problemText({ question, options }: Pick<Question, "question" | "options">): string {
  return options === undefined ? question : `${question}\n${optionsLine(options)}`;
}
