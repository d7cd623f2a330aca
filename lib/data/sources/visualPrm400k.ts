import { z } from "zod";
import { finalAnswer } from "../../text/answer.js";
import { defineReader } from "../reader.js";
import { image, name, share, text, words } from "../schema.js";

const visualPrm400kRow = z
  .object({
    id: name.nullish(),
    image: z.union([image, z.array(text)], { error: "a path or a list of paths" }),
    question: words.nullish(),
    question_orig: words.nullish(),
    answer: name.nullish(),
    steps_with_score: z
      .array(z.object({ step: text, score: share.nullish() }), { error: "a list of { step, score }" })
      .min(1, "at least one step"),
  })
  .refine(({ question, question_orig }) => (question_orig ?? question) != null, {
    path: ["question"],
    error: "a question in question_orig or question",
  });

/**
 * VisualPRM400K raw (OpenGVLab/VisualPRM400K-Raw, arXiv 2503.10291): JSON lines `image, question` or
 * `question_orig, answer, response, steps_with_score: [{ step, score }]`, the score being the Monte-Carlo share of
 * completions from there that are right. No outcomes; `answer` is the reference. `question_orig`, which lacks the
 * instructions to the model, goes before `question`. The domain is the file's name.
 */
export const visualPrm400k = defineReader({
  format: "VisualPRM400K raw",
  fields: ["question|question_orig", "steps_with_score"],
  row: visualPrm400kRow,
  open: (sheet) => (row, at) => {
    const question = row.question_orig ?? row.question ?? "";
    const first = firstImage(row.image, sheet.note);
    const path = sheet.image(first);
    const steps = row.steps_with_score.map(({ step }) => step);
    const answer = finalAnswer(steps);
    return [
      {
        id: sheet.id(row.id ?? `${sheet.domain}-${at.row}`, at),
        questionId: sheet.questionId(question, first),
        question,
        steps,
        domain: sheet.domain,
        evidence: { kind: "share", shares: row.steps_with_score.map(({ score }) => score ?? null) },
        ...(path !== undefined && { image: path }),
        ...(row.answer != null && { reference: row.answer }),
        ...(answer !== undefined && { answer }),
      },
    ];
  },
});

/** A question has one image here; of several the first is kept and the row counted. */
export function firstImage(
  images: string | readonly string[] | null | undefined,
  note: (text: string) => void,
): string | undefined {
  if (images == null || typeof images === "string") return images ?? undefined;
  if (images.length > 1) note("row(s) with several images, of which only the first is kept");
  return images[0];
}
