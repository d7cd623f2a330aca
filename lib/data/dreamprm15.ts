import { finalAnswer } from "../text/answer.js";
import { splitSteps } from "../text/steps.js";
import type { RecordFile } from "./files.js";
import { questionNames, uniqueNames } from "./identity.js";
import { imageAt, type ImageOptions } from "./images.js";
import { defineReader } from "./reader.js";
import { candidateRow, conversationRow } from "./schema.js";
import { stepsAt } from "./stepStarts.js";
import type { Pool, Solution } from "./types.js";
import { rowReport, validateRows } from "./validate.js";

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

export const CANDIDATE_FIELDS = ["candidates", "true_false"];

/**
 * DreamPRM-1.5's test format: `question, image_path, candidates, true_false`; optional `id, domain, generators` and our
 * `question_id, answers, step_labels, step_starts`, per candidate, null where it has none.
 */
export function readCandidates(file: RecordFile, options: ImageOptions): Pool[] {
  const names = questionNames();
  const unique = uniqueNames();
  const report = rowReport(file.path);
  const pools = validateRows(file, candidateRow).map((row, i): Pool => {
    const fault = (n: number, field: "step_starts" | "step_labels", expected: string) => {
      report.add({ row: i, value: file.records[i] }, `${field}.${n}`, row[field]?.[n], expected);
    };
    const questionId = row.question_id ?? names.of(row.question, row.image_path);
    const image = imageAt(row.image_path, file.path, options);
    const domain = row.domain ?? subjectOf(row.id);
    const shared = {
      questionId,
      question: row.question,
      ...(image !== undefined && { image }),
      ...(domain !== undefined && { domain }),
    };
    const id = unique(row.id ?? `row ${i}`, i);
    const candidates = row.candidates.map((response, n): Solution => {
      const starts = row.step_starts?.[n];
      const found = starts ? stepsAt(response, starts) : splitSteps(response);
      if (found === undefined) fault(n, "step_starts", "offsets of steps that the candidate joins by blank lines");
      const steps = found ?? [""];
      const stepLabels = row.step_labels?.[n];
      if (stepLabels && stepLabels.length !== steps.length) fault(n, "step_labels", `${steps.length} labels`);
      const generator = row.generators?.[n];
      const answer = row.answers?.[n] ?? finalAnswer(steps);
      return {
        ...shared,
        id: `${id}/${n}`,
        steps,
        correct: row.true_false[n],
        ...(stepLabels != null && { stepLabels }),
        ...(generator != null && { generator }),
        ...(answer !== undefined && { answer }),
      };
    });
    return { ...shared, candidates };
  });
  report.throwIfAny();
  return pools;
}

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
