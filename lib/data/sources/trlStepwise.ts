import { z } from "zod";
import { finalAnswer } from "../../text/answer.js";
import { defineReader } from "../reader.js";
import { name, share, text, texts, words } from "../schema.js";

const trlStepwiseRow = z
  .object({
    id: name.nullish(),
    prompt: words,
    completions: texts,
    labels: z.array(z.union([z.boolean(), share], { error: "true, false or a number in [0, 1]" }), {
      error: "a list of booleans or numbers",
    }),
    domain: text.nullish(),
  })
  .refine(({ completions, labels }) => completions.length === labels.length, {
    path: ["labels"],
    error: "as many as completions",
  })
  .refine(({ labels }) => new Set(labels.map((label) => typeof label)).size < 2, {
    path: ["labels"],
    error: "all booleans, or all numbers",
  });

/**
 * TRL's stepwise supervision (huggingface/trl, dataset formats): `prompt, completions, labels`, as JSON lines or
 * Parquet. Booleans are hard labels of the steps, numbers are shares and stay as exact as they are (TRL's trainer makes
 * whole numbers of them). No outcomes. The domain is the column `domain`, where there is one, or the file's name.
 */
export const trlStepwise = defineReader({
  format: "TRL stepwise",
  fields: ["prompt", "completions", "labels"],
  row: trlStepwiseRow,
  open: (sheet) => (row, at) => {
    const answer = finalAnswer(row.completions);
    const hard = row.labels.flatMap((label) => (typeof label === "boolean" ? (label ? 1 : 0) : []));
    const shares = row.labels.flatMap((label) => (typeof label === "number" ? label : []));
    return [
      {
        id: sheet.id(row.id ?? `${sheet.domain}-${at.row}`, at),
        questionId: sheet.questionId(row.prompt),
        question: row.prompt,
        steps: row.completions,
        domain: row.domain ?? sheet.domain,
        evidence: shares.length > 0 ? { kind: "share", shares } : { kind: "step", labels: hard },
        ...(answer !== undefined && { answer }),
      },
    ];
  },
});
