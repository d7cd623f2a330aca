import { finalAnswer } from "../text/answer.js";
import { hasSteps, splitSteps } from "../text/steps.js";
import type { Attempt } from "./attempt.js";
import type { RecordFile } from "./files.js";
import type { ImageOptions } from "./images.js";
import { defineReader, fileDomain, readAll } from "./reader.js";
import { candidateRow, conversationRow } from "./schema.js";
import { stepsAt } from "./stepStarts.js";
import type { Pool, Solution, StepSample, TrainSet } from "./types.js";
import { rowReport } from "./validate.js";

interface Turn {
  readonly from: "system" | "human" | "gpt";
  readonly value: string;
}

const SOLUTION_HEADING = /\n\s*###\s*Solution(?:\s+Process)?\s*:\s*/;

/**
 * DreamPRM-1.5's conversations: `id, image, conversations` and in meta files `true_false`. The first human turn is the
 * question (and the first step, where a heading "### Solution Process:" separates them), every later human turn is a
 * step, and the turn of the model after it is its label "+" or "-".
 *
 * Rows with `true_false` hold "+" after every step even of wrong solutions, as a place to score; these are no labels.
 * Without `true_false` the label of the last step says whether the solution is right.
 */
export const conversations = defineReader({
  format: "DreamPRM-1.5 conversations",
  fields: ["conversations"],
  row: conversationRow,
  open: (sheet) => (row, at) => {
    const talk = splitTalk(row.conversations);
    if (typeof talk === "string") {
      sheet.fault(at, "conversations", row.conversations.map(({ from }) => from).join(" "), talk);
      return [];
    }
    const { question, steps, labels } = talk;
    const image = sheet.image(row.image);
    const domain = row.domain ?? subjectOf(row.id);
    const answer = finalAnswer(steps);
    return [
      {
        id: sheet.id(row.id ?? `row ${at.row}`, at),
        questionId: row.question_id ?? sheet.questionId(question, row.image),
        question,
        steps,
        outcome: row.true_false ?? labels.at(-1) === 1,
        evidence: row.true_false == null ? { kind: "step", labels } : { kind: "outcome" },
        ...(image !== undefined && { image }),
        ...(domain !== undefined && { domain }),
        ...(row.generator != null && { generator: row.generator }),
        ...(answer !== undefined && { answer }),
      },
    ];
  },
});

/** Claims that a row is a conversation. */
export function isConversation(row: unknown): boolean {
  return typeof row === "object" && row !== null && "conversations" in row;
}

/**
 * Training steps of conversations: every step with its hard label. A row without a domain belongs to that of its id, else
 * to the file's name.
 *
 * @throws DataError for rows with `true_false`, whose "+" are no labels
 */
export function conversationSamples(
  file: RecordFile,
  options: ImageOptions & { readonly domains?: readonly string[] },
): Pick<TrainSet, "samples" | "system"> {
  const report = rowReport(file.path);
  const samples = readAll(conversations, file, options).attempts.flatMap((attempt, row): StepSample[] => {
    const { id, questionId, question, steps, image, evidence, domain = fileDomain(file.path) } = attempt;
    const at = { row, value: file.records[row] };
    if (options.domains?.includes(domain) === false) {
      report.add(at, "domain", domain, `one of the domains ${options.domains.join(", ")}`);
    }
    if (evidence.kind !== "step") {
      const { true_false } = at.value as { true_false: unknown };
      report.add(at, "true_false", true_false, 'none: "+" labels no step beside it, so the row is for a meta set');
      return [];
    }
    return evidence.labels.map((label, n) => ({
      ...{ id: `${id}-${n + 1}`, questionId, question, steps: steps.slice(0, n + 1), domain, target: Number(label) },
      ...(image !== undefined && { image }),
    }));
  });
  report.throwIfAny();
  const first = (row: unknown) =>
    (row as { conversations: Turn[] }).conversations.find(({ from }) => from === "system");
  const [system, ...others] = new Set(file.records.map((row) => first(row)?.value));
  return { samples, ...(system !== undefined && others.length === 0 && { system }) };
}

/** Question, steps and labels of a conversation, or what was expected of it. */
function splitTalk(turns: readonly Turn[]): { question: string; steps: string[]; labels: (0 | 1)[] } | string {
  const human = turns.filter(({ from }) => from === "human").map(({ value }) => value);
  const verdicts = turns.filter(({ from }) => from === "gpt").map(({ value }) => value.trim());
  const [question = "", ...first] = (human[0] ?? "").split(SOLUTION_HEADING);
  const steps = [first.join("\n"), ...human.slice(1)].map((step) => step.trim()).filter((step) => step !== "");
  if (steps.length === 0) return "a question and at least one step from the human";
  if (verdicts.length !== steps.length) return `${steps.length} labels from gpt, one after each step`;
  if (!verdicts.every((verdict) => /^[+\-−]$/.test(verdict))) return '"+" or "-" from gpt after each step';
  return {
    question: question.replace(/^\s*###\s*Question\s*:\s*/, "").trim(),
    steps,
    labels: verdicts.map((verdict) => (verdict === "+" ? 1 : 0)),
  };
}

/** The subject in MMMU's ids: "Public_Health" of "test_Public_Health_186". */
function subjectOf(id: string | null | undefined): string | undefined {
  return /^(?:test|dev|validation)_(\w+)_\d+$/.exec(id ?? "")?.[1];
}

/**
 * DreamPRM-1.5's test format: `question, image_path, candidates, true_false`; optional `id, domain, generators` and our
 * `question_id, answers, step_labels, step_starts`, per candidate, null where it has none.
 */
export const candidates = defineReader({
  format: "DreamPRM-1.5 candidates",
  fields: ["candidates", "true_false"],
  row: candidateRow,
  open: (sheet) => (row, at) => {
    const { question, image_path } = row;
    const questionId = row.question_id ?? sheet.questionId(question, image_path);
    const image = sheet.image(image_path);
    const domain = row.domain ?? subjectOf(row.id);
    const id = sheet.id(row.id ?? `row ${at.row}`, at);
    return row.candidates.flatMap((response, n): Attempt[] => {
      const starts = row.step_starts?.[n];
      const steps = starts ? stepsAt(response, starts) : splitSteps(response);
      if (steps === undefined) {
        const expected = "offsets of steps that the candidate joins by blank lines";
        sheet.fault(at, `step_starts.${n}`, starts, expected);
        return [];
      }
      if (steps.length === 1 && !hasSteps(steps[0]) && !sheet.withoutSteps()) return [];
      const labels = row.step_labels?.[n];
      if (labels && labels.length !== steps.length)
        sheet.fault(at, `step_labels.${n}`, labels, `${steps.length} labels`);
      const generator = row.generators?.[n];
      const answer = row.answers?.[n] ?? finalAnswer(steps);
      return [
        {
          ...{ id: `${id}/${n}`, questionId, question, steps, outcome: row.true_false[n] },
          evidence: labels ? { kind: "step", labels } : { kind: "outcome" },
          ...(image !== undefined && { image }),
          ...(domain !== undefined && { domain }),
          ...(generator != null && { generator }),
          ...(answer !== undefined && { answer }),
        },
      ];
    });
  },
});

/** All solutions of one question are one pool, in order of first appearance. */
export function poolsOf(solutions: readonly Solution[]): Pool[] {
  const pools = new Map<string, Solution[]>();
  for (const solution of solutions) {
    const pool = pools.get(solution.questionId);
    if (pool === undefined) pools.set(solution.questionId, [solution]);
    else pool.push(solution);
  }
  return [...pools.values()].map((candidates) => {
    const { questionId, question, image, domain } = candidates[0];
    return {
      questionId,
      question,
      ...(image !== undefined && { image }),
      ...(domain !== undefined && { domain }),
      candidates,
    };
  });
}
