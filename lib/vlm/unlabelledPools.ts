import { z } from "zod";
import { openRecords, readRecords } from "../data/files.js";
import { questionNames, uniqueNames } from "../data/identity.js";
import { imageAt } from "../data/images.js";
import { image, name, text, texts, words } from "../data/schema.js";
import type { Solution } from "../data/types.js";
import { validateRows } from "../data/validate.js";
import { splitSteps } from "../text/steps.js";

/** A question's solutions, of which nobody has said whether they are right. */
export interface UnlabelledPool {
  readonly questionId: string;
  readonly question: string;
  readonly image?: string;
  readonly domain?: string;
  readonly candidates: readonly (Omit<Solution, "correct"> & { readonly correct?: boolean })[];
}

/** Fields by which other formats tell the outcome, or what they hold in place of solutions. */
const ELSEWHERE = [
  "true_false",
  "final_answer_correct",
  "correct",
  "label",
  "labels",
  "step_labels",
  "candidates",
  "conversations",
];

const row = z
  .object({
    id: name.nullish(),
    question_id: name.nullish(),
    question: words.nullish(),
    problem: words.nullish(),
    steps: texts.nullish(),
    response: text.nullish(),
    image_path: image,
  })
  .refine(({ question, problem }) => (question ?? problem) != null, { path: ["question"], error: "a text" })
  .refine(({ steps, response }) => (steps ?? response) != null, { path: ["steps"], error: "steps, or a response" });

/**
 * Reads rows of `question` (or `problem`) with `steps` or `response`, optional `id, question_id, image_path`.
 *
 * @returns one pool per row; undefined for a file of another format
 * @throws DataError naming row, field and what is expected
 */
export async function unlabelledPools(path: string): Promise<UnlabelledPool[] | undefined> {
  const records = await openRecords(path);
  const first: unknown = records.first[0];
  await records.close();
  const has = (field: string) => typeof first === "object" && first !== null && field in first;
  if (ELSEWHERE.some(has) || !(has("steps") || has("response")) || !(has("question") || has("problem")))
    return undefined;
  const file = await readRecords(path);
  const names = questionNames();
  const unique = uniqueNames();
  return validateRows(file, row).map((found, i) => {
    const question = found.question ?? found.problem ?? "";
    const place = imageAt(found.image_path, path, {});
    const shared = {
      questionId: found.question_id ?? names.of(question, found.image_path),
      question,
      ...(place !== undefined && { image: place }),
    };
    const steps = found.steps ?? splitSteps(found.response ?? "");
    return { ...shared, candidates: [{ ...shared, id: unique(found.id ?? `row ${i}`, i), steps }] };
  });
}
