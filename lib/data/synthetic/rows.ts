import type { Random } from "../../core/random.js";
import { joinSteps } from "../../text/steps.js";
import type { DemoDomain } from "./domains.js";
import { drawError } from "./errors.js";
import { labelSteps, monteCarloScore, TIMES, withIdleCues } from "./labels.js";
import type { Question } from "./question.js";
import { firstError, stepTruth, writeSolution, type DemoSolution } from "./solution.js";

export type Split = "train" | "meta" | "test" | "candidates";

/** A question of a split with its solutions. */
export interface DemoItem {
  readonly id: string;
  readonly domain: DemoDomain;
  readonly question: Question;
  readonly image: string;
  readonly solutions: readonly DemoSolution[];
}

/** Solutions per question. */
export const SOLUTIONS: Readonly<Record<Split, number>> = { train: 3, meta: 4, test: 3, candidates: 8 };

/** The share of a question's solutions that go wrong, lowest and highest. */
const ERROR_RATES: Readonly<Record<Split, readonly [number, number]>> = {
  train: [0.6, 0.9],
  meta: [0.4, 0.6],
  test: [0.3, 0.7],
  candidates: [0.2, 0.65],
};
const EASY_ERROR_RATE = 0.03;

/** Wrong candidates of one question share their error this often, as policies do. */
const TRAP_SHARE = 0.35;

export function solve(question: Question, split: Split, domain: DemoDomain, random: Random): DemoSolution[] {
  const [low, high] = ERROR_RATES[split];
  const easy = domain.flaw.kind === "too easy";
  const rate = easy ? EASY_ERROR_RATE : low + (high - low) * random.next();
  const trap = drawError(question, random.fork("trap"));
  return Array.from({ length: SOLUTIONS[split] }, (_, i) => {
    const draw = random.fork(i);
    const wrong = draw.next() < rate;
    const trapped = draw.next() < TRAP_SHARE;
    const error = !wrong ? undefined : trapped ? trap : drawError(question, draw);
    const solution = writeSolution(question, error, draw);
    return split === "train" ? solution : { ...solution, steps: withIdleCues(solution.steps, draw) };
  });
}

/** DreamPRM's training format; `question_id` and `step_label` (the truth) are our optional columns. */
export function trainRows({ id, domain, question, image, solutions }: DemoItem, random: Random) {
  return solutions.flatMap((solution, n) => {
    const labelled = labelSteps(solution, domain.flaw, random);
    const texts = labelled.map(({ text }) => text);
    return labelled.map(({ label }, step) => {
      const score = monteCarloScore(label, random);
      return {
        id: `${id}-${n + 1}`,
        sid: step + 1,
        input: question.text,
        add: joinSteps(texts.slice(0, step + 1)),
        ground_truth: String(solution.truth),
        image_path: image,
        dataset: domain.name,
        score,
        times: TIMES,
        accuracy: score / TIMES,
        question_id: id,
        step_label: stepTruth(solution, step),
      };
    });
  });
}

/** DreamPRM's meta format with our optional columns `question_id` and `dataset`. */
export function metaRows({ id, domain, question, image, solutions }: DemoItem) {
  return solutions.map(({ steps, correct }, n) => ({
    id: `${id}-${n + 1}`,
    true_false: correct,
    input: joinSteps([question.text, ...steps]),
    image_path: image,
    question_id: id,
    dataset: domain.name,
  }));
}

/** Our evaluation format: ProcessBench's layout with the first error, and where the row comes from. */
export function testRows({ id, domain, question, image, solutions }: DemoItem) {
  return solutions.map((solution, n) => ({
    id: `${id}-${n + 1}`,
    problem: question.text,
    steps: solution.steps,
    final_answer_correct: solution.correct,
    label: firstError(solution),
    domain: domain.name,
    generator: "demo",
    question_id: id,
    image_path: image,
  }));
}

/** DreamPRM-1.5's test format with `id` and `domain`. */
export function candidateRows({ id, domain, question, image, solutions }: DemoItem) {
  return [
    {
      id,
      question: question.text,
      image_path: image,
      candidates: solutions.map(({ steps }) => joinSteps(steps)),
      true_false: solutions.map(({ correct }) => correct),
      domain: domain.name,
    },
  ];
}
