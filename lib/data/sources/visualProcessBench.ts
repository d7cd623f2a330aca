import { z } from "zod";
import { finalAnswer } from "../../text/answer.js";
import { defineReader } from "../reader.js";
import { image, name, text, texts, words } from "../schema.js";
import { firstImage } from "./visualPrm400k.js";

const visualProcessBenchRow = z
  .object({
    id: name.nullish(),
    image: z.union([image, z.array(text)], { error: "a list of paths" }),
    question: words,
    answer: name.nullish(),
    response: z.object({
      steps: texts,
      process_correctness: z.array(
        z.union([z.literal(1), z.literal(0), z.literal(-1)], { error: "1, 0 or -1" }).nullable(),
        { error: "a list of 1, 0 or -1" },
      ),
    }),
    policy_model: text.nullish(),
    data_source: text.nullish(),
  })
  .refine(({ response }) => response.steps.length === response.process_correctness.length, {
    path: ["response", "process_correctness"],
    error: "as many as response.steps",
  });

/**
 * VisualProcessBench (OpenGVLab/VisualProcessBench, arXiv 2503.10291): JSON lines `image[], question, answer, response:
 * { steps, process_correctness }, policy_model, data_source`, which is the domain. Hard labels by people: 1 right, -1
 * wrong, 0 neither ("neutral"). No outcomes; `answer` is the reference.
 */
export const visualProcessBench = defineReader({
  format: "VisualProcessBench",
  fields: ["question", "response.steps", "response.process_correctness"],
  row: visualProcessBenchRow,
  open: (sheet) => (row, at) => {
    const { steps, process_correctness: marks } = row.response;
    const first = firstImage(row.image, sheet.note);
    const path = sheet.image(first);
    const answer = finalAnswer(steps);
    return [
      {
        id: sheet.id(row.id ?? `${sheet.domain}-${at.row}`, at),
        questionId: sheet.questionId(row.question, first),
        question: row.question,
        steps,
        domain: row.data_source ?? sheet.domain,
        evidence: { kind: "step", labels: marks.map((mark) => (mark === 0 ? "neutral" : mark === -1 ? 0 : mark)) },
        ...(path !== undefined && { image: path }),
        ...(row.policy_model != null && { generator: row.policy_model }),
        ...(row.answer != null && { reference: row.answer }),
        ...(answer !== undefined && { answer }),
      },
    ];
  },
});
