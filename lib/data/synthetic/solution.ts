import type { Random } from "../../core/random.js";
import { derive, type Derivation, type Equation, type PlantedError } from "./errors.js";
import type { Question, Quantity } from "./question.js";

/** A five-step chain of thought with its truth. */
export interface DemoSolution {
  readonly steps: readonly string[];
  readonly error: PlantedError | undefined;
  readonly answer: number;
  /** the right answer */
  readonly truth: number;
  /** the final answer is the right one */
  readonly correct: boolean;
}

/** 0-based index of the first wrong step, −1 when there is none. */
export function firstError({ error }: DemoSolution): number {
  return error?.step ?? -1;
}

/** Steps from the first error on are wrong. */
export function stepTruth(solution: DemoSolution, step: number): 0 | 1 {
  const first = firstError(solution);
  return first === -1 || step < first ? 1 : 0;
}

/** The share of wrong solutions that end in the right answer by luck. */
const LUCK = 0.03;

const HEADINGS = [
  "Restate the question.",
  "Gather evidence from the image.",
  "Identify any background knowledge needed.",
  "Reason with the current evidence.",
  "Summarize and conclude with all the information.",
];

const WORDING = {
  goal: ["The question asks for", "We need to find", "What is wanted is", "The task is to work out", "Asked for is"],
  given: ["The text gives", "Given", "Known from the text", "We are told"],
  evidence: ["The PICTURE shows", "Reading the PICTURE", "From the PICTURE we get", "Values in the PICTURE"],
  using: ["Values to use", "We work with", "This applies to", "Put in"],
  therefore: ["so", "thus", "therefore", "which means"],
  since: ["Since", "Because", "As", "Given that"],
  closing: ["This answers the question.", "No further step is needed.", "That settles it.", "Nothing else is asked."],
};

/** Writes the solution of a question, wrong from `error` on when there is one. */
export function writeSolution(question: Question, error: PlantedError | undefined, random: Random): DemoSolution {
  const derivation = derive(question, error);
  const truth = derive(question).answer;
  const lucky = error !== undefined && error.kind !== "wrong conclusion" && random.next() < LUCK;
  const answer = lucky ? truth : derivation.answer;
  const bullets = [
    restate(question, derivation, random),
    gather(question, derivation, random),
    background(derivation, random),
    reason(derivation, random),
    conclude(derivation, answer, random),
  ];
  const steps = bullets.map((lines, i) =>
    [`Step ${i + 1}: ${HEADINGS[i]}`, ...lines.map((line) => `   - ${line}`)].join("\n"),
  );
  return { steps, error, answer, truth, correct: answer === truth };
}

function restate({ givens }: Question, { goal, believed }: Derivation, random: Random): string[] {
  const known = list(givens, believed[0]);
  return [`${random.pick(WORDING.goal)} ${goal}.`, `${random.pick(WORDING.given)}: ${known}.`];
}

function gather({ picture, shown, readings }: Question, { believed }: Derivation, random: Random): string[] {
  const read = shown.filter(({ name }) => readings.includes(name));
  const opening = random.pick(WORDING.evidence).replace("PICTURE", picture);
  const closing = random.next() < 0.3 ? [`These labels of the ${picture} are the ones that matter.`] : [];
  return [`${opening}: ${list(read, believed[1])}.`, ...closing];
}

function background(derivation: Derivation, random: Random): string[] {
  const { rule, equations, split } = derivation;
  const first = equations.slice(0, split);
  const uses = inputs(first.length > 0 ? first : equations, derivation.believed[2]);
  return [rule.text, `${random.pick(WORDING.using)}: ${uses}.`, ...first.map((equation) => state(equation, random))];
}

function reason(derivation: Derivation, random: Random): string[] {
  const rest = derivation.equations.slice(derivation.split);
  const uses = inputs(rest, derivation.believed[3]);
  return [`${random.pick(WORDING.using)}: ${uses}.`, ...rest.map((equation) => state(equation, random))];
}

function conclude({ equations }: Derivation, answer: number, random: Random): string[] {
  const last = equations[equations.length - 1];
  const closing = random.next() < 0.3 ? [random.pick(WORDING.closing)] : [];
  return [
    `${random.pick(WORDING.since)} ${terms(last)} = ${last.value}, ${last.result} = ${answer}.`,
    ...closing,
    `Final answer: ${answer}`,
  ];
}

function state(equation: Equation, random: Random): string {
  return `${terms(equation)} = ${equation.value}, ${random.pick(WORDING.therefore)} ${equation.result} = ${equation.value}.`;
}

function terms({ leftValue, operator, rightValue }: Equation): string {
  return `${leftValue} ${operator} ${rightValue}`;
}

function list(quantities: readonly Quantity[], believed: ReadonlyMap<string, number>): string {
  return quantities.map(({ name }) => `${name} = ${believed.get(name)}`).join(", ");
}

/** The named operands that are known before the equations. */
function inputs(equations: readonly Equation[], believed: ReadonlyMap<string, number>): string {
  const operands = equations.flatMap(({ left, right }) => [left, right]);
  const names = [...new Set(operands)].filter((name) => typeof name === "string" && believed.has(name));
  return names.map((name) => `${name} = ${believed.get(String(name))}`).join(", ");
}
