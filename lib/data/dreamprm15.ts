import { finalAnswer } from "../text/answer.js";
import { splitSteps } from "../text/steps.js";
import type { RecordFile } from "./files.js";
import { questionNames, uniqueNames } from "./identity.js";
import { imageAt, type ImageOptions } from "./images.js";
import type { Reader } from "./reader.js";
import { candidateRow, conversationRow, rowReport, validateRows } from "./schema.js";
import type { Pool, Solution } from "./types.js";

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
export const conversations: Reader = {
  format: "DreamPRM-1.5 conversations",
  fields: ["conversations"],
  read(file, options) {
    const names = questionNames();
    const unique = uniqueNames();
    const report = rowReport(file);
    const solutions = validateRows(file, conversationRow).flatMap((row, i): Solution[] => {
      const talk = splitTalk(row.conversations);
      if (typeof talk === "string") {
        report.add(i, "conversations", row.conversations.map(({ from }) => from).join(" "), talk);
        return [];
      }
      const { question, steps, labels } = talk;
      const image = imageAt(row.image, file.path, options);
      const domain = row.domain ?? subjectOf(row.id);
      const answer = finalAnswer(steps);
      return [
        {
          id: unique(row.id ?? `row ${i}`, i),
          questionId: row.question_id ?? names.of(question, row.image),
          question,
          steps,
          correct: row.true_false ?? labels.at(-1) === 1,
          ...(row.true_false == null && { stepLabels: labels }),
          ...(image !== undefined && { image }),
          ...(domain !== undefined && { domain }),
          ...(row.generator != null && { generator: row.generator }),
          ...(answer !== undefined && { answer }),
        },
      ];
    });
    report.throwIfAny();
    return { solutions, withoutSteps: 0, notes: [] };
  },
};

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

/** DreamPRM-1.5's test format: `question, image_path, candidates, true_false`; optional `id, domain, generators`. */
export function readCandidates(file: RecordFile, options: ImageOptions): Pool[] {
  const names = questionNames();
  const unique = uniqueNames();
  return validateRows(file, candidateRow).map((row, i): Pool => {
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
      const steps = splitSteps(response);
      const answer = finalAnswer(steps);
      return {
        ...shared,
        id: `${id}/${n}`,
        steps,
        correct: row.true_false[n],
        ...(row.generators?.[n] !== undefined && { generator: row.generators[n] }),
        ...(answer !== undefined && { answer }),
      };
    });
    return { ...shared, candidates };
  });
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
