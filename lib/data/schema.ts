import { z } from "zod";

/**
 * What the rows of the formats must hold; those of `sources/` that came later have theirs with the reader. Unknown
 * columns are allowed and dropped; each field's `error` says what is expected, and `validateRow` adds where and what was
 * found.
 */
export const text = z.string({ error: "a text" });
export const words = text.regex(/\S/, { error: "a text that is not blank" });
export const share = z
  .number({ error: "a number in [0, 1]" })
  .min(0, "a number in [0, 1]")
  .max(1, "a number in [0, 1]");
const count = z.number({ error: "a count" }).min(0, "a count, not negative");
export const flag = z.union([z.boolean(), z.literal(0), z.literal(1)], { error: "true or false" }).transform(Boolean);
export const binary = z.union([z.literal(0), z.literal(1)], { error: "0 or 1" });
export const name = z.union([z.string(), z.number()], { error: "a text or a number" }).transform(String);
const offsets = z.array(z.int({ error: "a character offset" }).min(0), { error: "a list of character offsets" });
export const texts = z.array(text, { error: "a list of texts" }).min(1, "at least one text");
export const image = text.nullish();

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

const stepLabels = z.array(binary.nullable(), { error: "a list of 0, 1 or null" }).nullish();

export const metaRow = z.object({
  ...origin,
  input: words,
  true_false: flag,
  image_path: text,
  dataset: text.nullish(),
  step_starts: offsets.nullish(),
  step_labels: stepLabels,
});

export const evaluationRow = z
  .object({
    ...origin,
    problem: words,
    steps: texts,
    final_answer_correct: flag,
    label: z.int({ error: "the index of the first wrong step, or -1" }).min(-1, "at least -1").nullish(),
    step_labels: stepLabels,
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

function perCandidate<T extends z.ZodType>(item: T) {
  return z.array(item.nullable(), { error: "a list, null where a candidate has none" }).nullish();
}

export const candidateRow = z
  .object({
    ...origin,
    question: words,
    image_path: image,
    domain: text.nullish(),
    candidates: texts,
    true_false: z.array(flag, { error: "a list of true and false" }),
    generators: perCandidate(text),
    answers: perCandidate(text),
    step_labels: perCandidate(z.array(binary.nullable(), { error: "a list of 0, 1 or null" })),
    step_starts: perCandidate(offsets),
  })
  .superRefine((row, context) => {
    for (const field of ["true_false", "generators", "answers", "step_labels", "step_starts"] as const) {
      if (row[field] != null && row[field].length !== row.candidates.length) {
        context.addIssue({ code: "custom", path: [field], message: "as many as candidates" });
      }
    }
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
