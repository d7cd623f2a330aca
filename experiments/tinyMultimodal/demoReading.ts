/** The demo's questions whose picture must be read, drawn in memory: as many as a model that starts from nothing needs. */
import { random, type Random } from "../../lib/core/random.js";
import { DOMAINS, type DemoDomain } from "../../lib/data/synthetic/domains.js";
import { labelSteps, monteCarloScore, TIMES } from "../../lib/data/synthetic/labels.js";
import { renderPng } from "../../lib/data/synthetic/png.js";
import { between, drawQuestion, type Question } from "../../lib/data/synthetic/question.js";
import { scene } from "../../lib/data/synthetic/draw.js";
import { solve } from "../../lib/data/synthetic/rows.js";
import { stepTruth } from "../../lib/data/synthetic/solution.js";
import type { Solution, StepSample, TrainSet } from "../../lib/data/types.js";
import { rocAuc } from "../../lib/select/rocAuc.js";

/** Of the families whose numbers stand in fixed places: the shares of a 280 × 210 picture where they do. */
const PLACES: Readonly<Record<string, readonly (readonly [x: number, y: number])[]>> = {
  sets: [78, 140, 202].map((x) => [x / 280, 112 / 210] as const),
  table: [93, 131, 169].flatMap((y) => [109, 171, 233].map((x) => [x / 280, y / 210] as const)),
};

export const READING_DOMAINS: readonly string[] = Object.keys(PLACES);

/** A question that no file of the demo holds. */
export interface DrawnQuestion {
  readonly id: string;
  readonly domain: DemoDomain;
  readonly question: Question;
  /** `data:` URL */
  readonly image: string;
  /** where the picture shows its first numbers, in shares of its width and height */
  readonly places: readonly (readonly [x: number, y: number])[];
}

/**
 * `count` questions of the named domains in turn. The demo's own are drawn from other streams, and those of one name
 * from another than those of any other name.
 *
 * @param name  of the stream: "train", "test"
 * @throws RangeError for a domain whose numbers have no fixed places
 */
export function drawQuestions(
  name: string,
  { count, seed = 1, domains = READING_DOMAINS }: DrawQuestionsOptions,
): DrawnQuestion[] {
  const chosen = domains.map((wanted) => {
    const found = DOMAINS.find((domain) => domain.name === wanted && wanted in PLACES);
    if (found) return found;
    throw new RangeError(`the numbers of ${wanted} have no fixed places; choose from ${READING_DOMAINS.join(", ")}`);
  });
  const stream = random(`reading/${seed}`).fork(name);
  const taken = new Set<string>();
  return Array.from({ length: count }, (_, k) => {
    const domain = chosen[k % chosen.length];
    const question = drawQuestion(domain.family, stream.fork(k), taken);
    const image = `data:image/png;base64,${renderPng(question.svg).toString("base64")}`;
    return { id: `${domain.name}-reading-${name}-${k + 1}`, domain, question, image, places: PLACES[domain.name] };
  });
}

export interface DrawQuestionsOptions {
  readonly count: number;
  /** defaults to 1 */
  readonly seed?: number;
  /** defaults to all that can be chosen */
  readonly domains?: readonly string[];
}

/** The last sentence of a question: without the caption, which tells in words what the picture shows. */
export function questionTail({ text }: Question): string {
  return text.slice(text.lastIndexOf(". ") + 2);
}

const EVIDENCE = 1;

/** Second steps ("Gather evidence from the image") with the labels that the demo's training rows have: partly wrong ones. */
export function evidenceTrainSet(questions: readonly DrawnQuestion[], seed = 1): TrainSet {
  const samples = questions.flatMap(({ id, domain, question, image }): StepSample[] => {
    const stream = random(`evidence/${seed}`).fork(id);
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

export interface EvidenceSolution extends Solution {
  /** the step misreads the picture; a wrong one that does not inherits its error from the step before */
  readonly misread: boolean;
}

/** The same steps with true labels, each as a solution of one step. */
export function evidenceSolutions(
  questions: readonly DrawnQuestion[],
  split: "meta" | "test",
  seed = 1,
): EvidenceSolution[] {
  return questions.flatMap(({ id, domain, question, image }) =>
    solve(question, split, domain, random(`evidence/${seed}`).fork(id)).map((solution, n): EvidenceSolution => {
      const right = stepTruth(solution, EVIDENCE);
      return {
        ...{ id: `${id}-${n + 1}`, questionId: id, question: questionTail(question), image, domain: domain.name },
        ...{ steps: [solution.steps[EVIDENCE]], correct: right === 1, stepLabels: [right] },
        misread: solution.error?.kind === "misreading",
      };
    }),
  );
}

/** One value as a step states it. */
export interface Reading {
  readonly name: string;
  readonly value: number;
  readonly stated: number;
}

/**
 * Statements on what a picture shows, half of them with a misread value: all values one by one, in the picture's order,
 * or, in the share `mixed` of all cases, five times two or three of them, as steps put it.
 */
export function readings({ question: { shown } }: DrawnQuestion, stream: Random, mixed = 0): Reading[][] {
  const places = shown.map((_, i) => i);
  const some = () =>
    stream
      .shuffle(places)
      .slice(0, between(stream, 2, 3))
      .sort((a, b) => a - b);
  const groups = stream.next() >= mixed ? places.map((i) => [i]) : Array.from({ length: 5 }, some);
  return groups.map((group) => {
    const wrong = stream.next() < 0.5 ? stream.pick(group) : undefined;
    return group.map((i): Reading => {
      const { name, value } = shown[i];
      if (i !== wrong) return { name, value, stated: value };
      const away = between(stream, 1, 4) * (stream.next() < 0.5 ? -1 : 1);
      return { name, value, stated: value + away > 0 ? value + away : value - away };
    });
  });
}

/** A white picture of the demo's size: what a text-only model sees. */
export function blankPicture(): string {
  return `data:image/png;base64,${renderPng(scene("", [])).toString("base64")}`;
}

/** ROC-AUC of step scores. */
export interface ReadingAuc {
  /** misread steps against right ones */
  readonly misread: number;
  /** all wrong steps against right ones */
  readonly overall: number;
}

/** @param scores  one per solution, larger for better steps */
export function readingAuc(solutions: readonly EvidenceSolution[], scores: ArrayLike<number>): ReadingAuc {
  const auc = (own: (solution: EvidenceSolution) => boolean) => {
    const rows = solutions.map((_, i) => i).filter((i) => own(solutions[i]));
    const labels = rows.map((i) => (solutions[i].correct ? 1 : 0));
    return rocAuc(rows.map((i) => scores[i]), labels) ?? NaN; // prettier-ignore
  };
  return { misread: auc(({ correct, misread }) => correct || misread), overall: auc(() => true) };
}

/** Texts that hold the words of the questions and of the steps, for a tokenizer. */
export function readingTexts(questions: readonly DrawnQuestion[]): string[] {
  return evidenceSolutions(questions, "test").map(
    ({ question, steps: [step] }) => `### Question:\n${question}\n\n### Solution Process:\n${step}`,
  );
}
