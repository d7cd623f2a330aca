/** Second steps of solutions ("Gather evidence from the image") for training and evaluating a PRM. */
import { random, type Random } from "../../lib/core/random.js";
import { drawError, type PlantedError } from "../../lib/data/synthetic/errors.js";
import { labelSteps, monteCarloScore, TIMES, withIdleCues } from "../../lib/data/synthetic/labels.js";
import type { Question } from "../../lib/data/synthetic/question.js";
import { solve } from "../../lib/data/synthetic/rows.js";
import { stepTruth, writeSolution } from "../../lib/data/synthetic/solution.js";
import type { Solution, StepSample, TrainSet } from "../../lib/data/types.js";
import { type DrawnQuestion, questionTail } from "./questions.js";

/** Index of the step that states what the picture shows. */
export const EVIDENCE = 1;

/** With the labels that the demo's training rows have: partly wrong ones. */
export function evidenceTrainSet(questions: readonly DrawnQuestion[]): TrainSet {
  const samples = questions.flatMap(({ id, domain, question, image }): StepSample[] => {
    const stream = random("evidence").fork(id);
    return solve(question, "train", domain, stream).map((solution, n) => {
      const { text, label } = labelSteps(solution, domain.flaw, stream)[EVIDENCE];
      const score = monteCarloScore(label, stream);
      return {
        ...{ id: `${id}-${n + 1}`, questionId: id, question: questionTail(question), steps: [text], image },
        ...{ domain: domain.name, target: score / TIMES, score, times: TIMES },
        trueLabel: stepTruth(solution, EVIDENCE),
      };
    });
  });
  const domains = [...new Set(samples.map(({ domain }) => domain))];
  return { samples, domains, source: { path: "drawn in memory", sha256: "", rows: samples.length } };
}

/**
 * A right and a misread step about every picture, one after the other, each as a solution of one step with its true
 * label. Wording and misread values are the demo's.
 */
export function evidencePairs(questions: readonly DrawnQuestion[]): Solution[] {
  return questions.flatMap(({ id, domain, question, image }) => {
    const stream = random("pair").fork(id);
    return ([1, 0] as const).map((label): Solution => {
      const { steps } = writeSolution(question, label === 1 ? undefined : misreading(question, stream), stream);
      return {
        ...{ id: `${id}-${label}`, questionId: id, question: questionTail(question), image, domain: domain.name },
        ...{ steps: withIdleCues([steps[EVIDENCE]], stream), correct: label === 1, stepLabels: [label] },
      };
    });
  });
}

function misreading(question: Question, stream: Random): PlantedError {
  for (;;) {
    const error = drawError(question, stream);
    if (error.kind === "misreading") return error;
  }
}

/** Texts that hold the words of the questions and of the steps, for a tokenizer. */
export function readingTexts(questions: readonly DrawnQuestion[]): string[] {
  return evidencePairs(questions).map(
    ({ question, steps: [step] }) => `### Question:\n${question}\n\n### Solution Process:\n${step}`,
  );
}
