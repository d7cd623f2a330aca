import { z } from "zod";
import { type FileRecord, openRecords } from "../data/files.js";
import { flag, image, name, share, text, texts, words } from "../data/schema.js";
import { type RowReport, rowReport, validateRow } from "../data/validate.js";
import { finalAnswer } from "../text/answer.js";
import type { Candidate, ScoredQuestion, StepScores } from "./candidates.js";

/** The name under which step scores of a file stand in `ScoredQuestion.scores`. */
export const GIVEN = "PRM";

const number = z.number({ error: "a number" });
const stepScores = z.array(share, { error: "a list of scores in [0, 1]" }).min(1, "at least one score");

const candidate = z
  .object({
    id: name.nullish(),
    correct: flag.optional(),
    true_false: flag.optional(),
    steps: texts.nullish(),
    step_scores: stepScores.nullish(),
    score: number.nullish(),
    generator: text.nullish(),
    answer: name.nullish(),
  })
  .refine(({ correct, true_false }) => (correct ?? true_false) !== undefined, {
    path: ["correct"],
    error: "true or false",
  })
  .refine(({ steps, step_scores }) => !steps || !step_scores || steps.length === step_scores.length, {
    path: ["step_scores"],
    error: "one score per step",
  });

const poolRow = z
  .object({
    question_id: name.nullish(),
    id: name.nullish(),
    question: words.nullish(),
    image_path: image,
    subset: text.nullish(),
    domain: text.nullish(),
    subject: text.nullish(),
    candidates: z.array(candidate, { error: "a list of candidates" }).min(1, "at least one candidate"),
  })
  .refine((row) => (row.question_id ?? row.id) != null, { path: ["question_id"], error: "the question's id" });

type PoolRow = z.infer<typeof poolRow>;

/** Questions of a file, read one at a time, from its beginning by every call. */
export interface ScoredPoolFile {
  /** what the first row has, and so every row must have, of every candidate */
  readonly given: Given;
  questions(): AsyncGenerator<ScoredQuestion>;
}

interface Given {
  readonly stepScores: boolean;
  readonly outcomeScores: boolean;
}

/**
 * Opens pools whose step scores were made elsewhere; best as JSON lines, of which memory holds a few at a time (besides
 * the ids). One row per question:
 *
 *     { question_id, subset?, question?, image_path?, candidates: [{ correct, step_scores?, score?, steps?, answer?, generator?, id? }] }
 *
 * `subset` may be called `domain` or `subject`, `correct` `true_false`, `question_id` `id`; `score` is of the whole
 * solution. DreamPRM-1.5's rows (`candidates` texts, `true_false`, optional `generators`, `answers`) count as well where
 * they have `step_scores`, a list per candidate.
 *
 * @returns undefined for a file of another format
 * @throws DataError while reading: what is wrong with rows, up to 20 at once, and question ids that occur twice
 */
export async function openScoredPools(path: string): Promise<ScoredPoolFile | undefined> {
  const file = await openRecords(path);
  const first = asObjects(file.first[0]) as { candidates?: unknown } | undefined;
  const candidates = Array.isArray(first?.candidates) ? (first.candidates as unknown[]) : [];
  const sample = candidates[0];
  await file.close();
  if (typeof sample !== "object" || sample === null) return undefined;
  const has = (field: string) => (sample as Record<string, unknown>)[field] != null;
  const given = { stepScores: has("step_scores"), outcomeScores: has("score") };
  return { given, questions: () => read(path, given) };
}

async function* read(path: string, given: Given): AsyncGenerator<ScoredQuestion> {
  const file = await openRecords(path);
  const report = rowReport(path);
  const seen = new Set<string>();
  for await (const batch of file.batches()) {
    for (const record of batch) {
      const row = validateRow({ ...record, value: asObjects(record.value) }, poolRow, report);
      if (row === undefined) continue;
      const id = row.question_id ?? row.id ?? "";
      if (seen.has(id)) report.add(record, "question_id", id, "an id that no row before has");
      else if (isComplete(row, record, given, report)) yield questionFrom(id, row, given);
      seen.add(id);
    }
  }
  report.throwIfAny();
}

function isComplete({ candidates }: PoolRow, record: FileRecord, given: Given, report: RowReport): boolean {
  return [...candidates.entries()].every(([n, { step_scores, score }]) => {
    const faults = [
      { field: "step_scores", value: step_scores, wanted: given.stepScores },
      { field: "score", value: score, wanted: given.outcomeScores },
    ].filter(({ value, wanted }) => (value != null) !== wanted);
    for (const { field, value, wanted } of faults) {
      const expected = wanted ? "a value, since the first row has one" : "none, since the first row has none";
      report.add(record, `candidates.${n}.${field}`, value ?? undefined, expected);
    }
    return faults.length === 0;
  });
}

function questionFrom(questionId: string, row: PoolRow, given: Given): ScoredQuestion {
  const subset = row.subset ?? row.domain ?? row.subject;
  const scores = row.candidates.map(({ step_scores }) => step_scores ?? []) satisfies StepScores;
  return {
    questionId,
    ...(row.question != null && { question: row.question }),
    ...(row.image_path && { image: row.image_path }),
    ...(subset != null && { subset }),
    candidates: row.candidates.map(candidateFrom),
    scores: given.stepScores ? { [GIVEN]: [scores] } : {},
  };
}

function candidateFrom(row: z.infer<typeof candidate>): Candidate {
  const answer = row.answer ?? (row.steps ? finalAnswer(row.steps) : undefined);
  return {
    correct: (row.correct ?? row.true_false) === true,
    ...(row.id != null && { id: row.id }),
    ...(row.steps && { steps: row.steps }),
    ...(answer !== undefined && { answer }),
    ...(row.generator != null && { generator: row.generator }),
    ...(row.score != null && { outcomeScore: row.score }),
  };
}

/** DreamPRM-1.5's columns as a list of candidates; any other row as it is. */
function asObjects(value: unknown): unknown {
  const row = value as Record<string, unknown> | null;
  if (!Array.isArray(row?.step_scores) || !Array.isArray(row.candidates)) return value;
  const of = (column: string, n: number) => (row[column] as unknown[] | undefined)?.[n];
  return {
    ...row,
    candidates: row.candidates.map((_, n) => ({
      step_scores: of("step_scores", n),
      true_false: of("true_false", n),
      generator: of("generators", n),
      answer: of("answers", n),
    })),
  };
}
