import { z } from "zod";
import { DataError, type RecordFile } from "./files.js";

/**
 * What the rows of each format must hold. Unknown columns are allowed and dropped; each field's `error` says what is
 * expected, and `validateRows` adds where and what was found.
 */
const text = z.string({ error: "a text" });
const words = text.regex(/\S/, { error: "a text that is not blank" });
const share = z.number({ error: "a number in [0, 1]" }).min(0, "a number in [0, 1]").max(1, "a number in [0, 1]");
const count = z.number({ error: "a count" }).min(0, "a count, not negative");
const flag = z.union([z.boolean(), z.literal(0), z.literal(1)], { error: "true or false" }).transform(Boolean);
const binary = z.union([z.literal(0), z.literal(1)], { error: "0 or 1" });
const name = z.union([z.string(), z.number()], { error: "a text or a number" }).transform(String);
const offsets = z.array(z.int({ error: "a character offset" }).min(0), { error: "a list of character offsets" });
const texts = z.array(text, { error: "a list of texts" }).min(1, "at least one text");
const image = text.nullish();

const origin = {
  id: name.nullish(),
  question_id: name.nullish(),
  generator: text.nullish(),
};

export const trainRow = z.object({
  ...origin,
  sid: name.nullish(),
  input: words,
  add: text,
  image_path: text,
  dataset: words,
  accuracy: share,
  score: count.nullish(),
  times: count.nullish(),
  step_label: binary.nullish(),
  step_starts: offsets.nullish(),
});

export const metaRow = z.object({
  ...origin,
  input: words,
  true_false: flag,
  image_path: text,
  dataset: text.nullish(),
  step_starts: offsets.nullish(),
});

export const evaluationRow = z
  .object({
    ...origin,
    problem: words,
    steps: texts,
    final_answer_correct: flag,
    label: z.int({ error: "the index of the first wrong step, or -1" }).min(-1, "at least -1").nullish(),
    step_labels: z.array(binary.nullable(), { error: "a list of 0, 1 or null" }).nullish(),
    domain: text.nullish(),
    answer: text.nullish(),
    image_path: image,
  })
  .refine(({ label, steps }) => label == null || label < steps.length, {
    path: ["label"],
    error: "smaller than the number of steps",
  })
  .refine(({ step_labels, steps }) => step_labels == null || step_labels.length === steps.length, {
    path: ["step_labels"],
    error: "one label per step",
  });

export const conversationRow = z.object({
  ...origin,
  image,
  domain: text.nullish(),
  response: text.nullish(),
  true_false: flag.nullish(),
  conversations: z.array(
    z.object({ from: z.enum(["system", "human", "gpt"], { error: "system, human or gpt" }), value: text }),
    { error: "a list of turns" },
  ),
});

export const candidateRow = z
  .object({
    ...origin,
    question: words,
    image_path: image,
    domain: text.nullish(),
    candidates: texts,
    true_false: z.array(flag, { error: "a list of true and false" }),
    generators: z.array(text).nullish(),
  })
  .refine(({ candidates, true_false }) => candidates.length === true_false.length, {
    path: ["true_false"],
    error: "as many as candidates",
  });

export const mrBenRow = z.object({
  Question_UUID: words,
  Subject: text.nullish(),
  Question: words,
  Options: text.nullish(),
  Sampled_Model: text.nullish(),
  Model_Solution_Steps: z.union([texts, words], { error: "a list of texts, or one text of lines of code" }),
  Model_Solution_Correctness: z
    .string({ error: '"correct" or "incorrect"' })
    .regex(/^\s*(?:in)?correct\s*$/i, '"correct" or "incorrect"'),
  Model_Solution_First_Error_Step: z.union([z.string(), z.number()], { error: "a step number, a line or N/A" }),
});

export const bigBenchMistakeRow = z
  .object({
    input: words,
    steps: texts,
    target: text,
    answer: text.nullish(),
    mistake_index: z.int({ error: "a step index or null" }).min(0, "a step index or null").nullable(),
  })
  .refine(({ mistake_index, steps }) => mistake_index === null || mistake_index < steps.length, {
    path: ["mistake_index"],
    error: "smaller than the number of steps",
  });

const REPORTED = 20;

/** Collects what is wrong with the rows of a file and says all of it at once, the first 20 in full. */
export interface RowReport {
  add(row: number, field: string, value: unknown, expected: string): void;
  /** @throws DataError when anything was added */
  throwIfAny(): void;
}

export function rowReport({ path, records }: Pick<RecordFile, "path" | "records">): RowReport {
  const lines: string[] = [];
  let total = 0;
  return {
    add(row, field, value, expected) {
      total++;
      if (lines.length >= REPORTED) return;
      const id = (records[row] as { id?: unknown } | null)?.id;
      const where = id === undefined ? `row ${row}` : `row ${row} (id ${quote(id)})`;
      lines.push(`  ${where}${field === "" ? "" : `, ${field}`}: ${quote(value)}; expected ${expected}`);
    },
    throwIfAny() {
      if (total === 0) return;
      const more = total > lines.length ? `\n  and ${total - lines.length} more` : "";
      const faults = total === 1 ? "1 fault" : `${total} faults`;
      throw new DataError(`${path}: ${faults} (rows count from 0)\n${lines.join("\n")}${more}`);
    },
  };
}

/** @throws DataError naming row, field, value and what is expected, for up to 20 faults at once */
export function validateRows<T>(file: Pick<RecordFile, "path" | "records">, schema: z.ZodType<T>): T[] {
  const report = rowReport(file);
  const rows: T[] = [];
  file.records.forEach((record, row) => {
    const result = schema.safeParse(record);
    if (result.success) rows.push(result.data);
    else
      for (const issue of result.error.issues) {
        const value = issue.path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | null)?.[key], record);
        report.add(row, issue.path.join("."), value, issue.path.length === 0 ? "a JSON object" : issue.message);
      }
  });
  report.throwIfAny();
  return rows;
}

function quote(value: unknown): string {
  if (value === undefined) return "missing";
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
