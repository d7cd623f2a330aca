import type { Random } from "../../core/random.js";
import { apply, between, type Operation, type Question, type Rule } from "./question.js";

/** One mistake at one step (0 … 4); all later steps calculate on from it. */
export type PlantedError =
  /** a number of the question text is restated wrongly */
  | { readonly kind: "misquote"; readonly step: 0; readonly name: string; readonly value: number }
  /** something else is taken to be asked */
  | { readonly kind: "wrong goal"; readonly step: 0; readonly rule: Rule }
  /** a value of the picture is misread */
  | { readonly kind: "misreading"; readonly step: 1; readonly name: string; readonly value: number }
  | { readonly kind: "wrong rule"; readonly step: 2; readonly rule: Rule }
  /** a quantity suddenly has another value than in the step before */
  | { readonly kind: "contradiction"; readonly step: 2 | 3; readonly name: string; readonly value: number }
  /** an equation that is false */
  | { readonly kind: "slip"; readonly step: 2 | 3; readonly operation: number; readonly value: number }
  | { readonly kind: "wrong conclusion"; readonly step: 4; readonly value: number };

/** An operation with the values that it was calculated with. */
export interface Equation extends Operation {
  readonly leftValue: number;
  readonly rightValue: number;
  readonly value: number;
}

/** What a solution says, before it is put into words. */
export interface Derivation {
  /** goal as restated in step 1, rule as named in step 3 */
  readonly goal: string;
  readonly rule: Rule;
  /** values as believed in steps 1, 2, 3 and 4, under names of givens, readings and results */
  readonly believed: readonly ReadonlyMap<string, number>[];
  readonly equations: readonly Equation[];
  /** the last equation of step 3 is before this index */
  readonly split: number;
  readonly answer: number;
}

/** Works a question out, with an error or without. */
export function derive(question: Question, error?: PlantedError): Derivation {
  const values = new Map([...question.givens, ...question.shown].map(({ name, value }) => [name, value]));
  const rule = error?.kind === "wrong goal" || error?.kind === "wrong rule" ? error.rule : question.rule;
  const split = Math.floor(rule.operations.length / 2);
  const equations: Equation[] = [];
  const believed = [0, 1, 2, 3].map((step) => {
    if (error && "name" in error && error.step === step) values.set(error.name, error.value);
    const entered = new Map(values);
    const operations = step < 2 ? [] : step === 2 ? rule.operations.slice(0, split) : rule.operations.slice(split);
    for (const operation of operations) {
      const valueOf = (operand: string | number) =>
        typeof operand === "number" ? operand : (values.get(operand) ?? NaN);
      const [leftValue, rightValue] = [valueOf(operation.left), valueOf(operation.right)];
      const slipped = error?.kind === "slip" && error.operation === equations.length;
      const value = slipped ? error.value : apply(leftValue, operation.operator, rightValue);
      values.set(operation.result, value);
      equations.push({ ...operation, leftValue, rightValue, value });
    }
    return entered;
  });
  const last = equations[equations.length - 1].value;
  const goal = error?.kind === "wrong goal" ? error.rule.goal : question.rule.goal;
  const answer = error?.kind === "wrong conclusion" ? error.value : last;
  return { goal, rule, believed, equations, split, answer };
}

/** How often the first error is at step 1 … 5. */
const STEP_SHARES = [0.2, 0.3, 0.22, 0.18, 0.1];

/** Draws an error that leads to a wrong answer through positive whole numbers. */
export function drawError(question: Question, random: Random): PlantedError {
  const truth = derive(question);
  for (let attempt = 0; attempt < 1000; attempt++) {
    const error = proposeError(question, truth, random);
    if (!error) continue;
    const { answer, equations } = derive(question, error);
    const whole = equations.every(({ value }) => Number.isInteger(value) && value > 0);
    if (whole && answer !== truth.answer) return error;
  }
  throw new Error(`demo data: no error fits the question "${question.text}"`);
}

function proposeError(question: Question, truth: Derivation, random: Random): PlantedError | undefined {
  const { equations, split, answer } = truth;
  const fresh = (value: number) => otherValue(value, numbersIn(question, truth), random);
  const step = weightedIndex(STEP_SHARES, random);
  switch (step) {
    case 0: {
      if (random.next() < 0.3) return { kind: "wrong goal", step, rule: random.pick(question.wrongRules) };
      const { name, value } = random.pick(question.givens);
      return { kind: "misquote", step, name, value: fresh(value) };
    }
    case 1: {
      const name = random.pick(question.readings);
      return { kind: "misreading", step, name, value: misread(name, question, fresh, random) };
    }
    case 2:
    case 3: {
      const kind = random.next();
      if (step === 2 && kind < 0.4) return { kind: "wrong rule", step, rule: random.pick(question.wrongRules) };
      const range = step === 2 ? equations.slice(0, split) : equations.slice(split);
      if (range.length === 0) return undefined;
      if (kind < 0.7) {
        const index = equations.indexOf(random.pick(range));
        return { kind: "slip", step, operation: index, value: slip(equations[index].value, random) };
      }
      const known = truth.believed[step];
      const operands = range.flatMap(({ left, right }) => [left, right]);
      const name = random.pick(operands.filter((operand) => typeof operand === "string" && known.has(operand)));
      if (typeof name !== "string") return undefined;
      return { kind: "contradiction", step, name, value: fresh(known.get(name) ?? NaN) };
    }
    default:
      return { kind: "wrong conclusion", step: 4, value: conclude(answer, equations, random, fresh) };
  }
}

/** Mostly a number near the true one, sometimes the value of another label. */
function misread(name: string, question: Question, fresh: (value: number) => number, random: Random): number {
  const value = question.shown.find((shown) => shown.name === name)?.value ?? NaN;
  const others = question.shown.filter((shown) => shown.value !== value);
  return random.next() < 0.15 ? random.pick(others).value : fresh(value);
}

/** Off by a little, by a carry, or with two digits swapped. */
function slip(value: number, random: Random): number {
  const swapped = Number([...String(value)].reverse().join(""));
  const ways = [value + between(random, 1, 3), value - between(random, 1, 3), value + 10, value - 10];
  return random.pick(value > 11 && swapped !== value ? [...ways, swapped] : ways);
}

/** An intermediate value in place of the result, or a new number. */
function conclude(
  answer: number,
  equations: readonly Equation[],
  random: Random,
  fresh: (value: number) => number,
): number {
  const earlier = equations.slice(0, -1).map(({ value }) => value);
  return earlier.length > 0 && random.next() < 0.4 ? random.pick(earlier) : fresh(answer);
}

/** A value near `value` that is mostly not among `taken`, so that a reader of the text could notice. */
function otherValue(value: number, taken: ReadonlySet<number>, random: Random): number {
  const distance = Math.max(3, Math.round(value / 8));
  for (let attempt = 0; ; attempt++) {
    const other = value + (random.next() < 0.5 ? -1 : 1) * between(random, 1, distance + Math.floor(attempt / 4));
    if (other > 0 && (!taken.has(other) || random.next() < 0.02)) return other;
  }
}

function numbersIn(question: Question, { equations }: Derivation): Set<number> {
  const inText = [...question.text.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  const known = [...question.shown, ...question.givens, ...equations].map(({ value }) => value);
  return new Set([...inText, ...known]);
}

function weightedIndex(weights: readonly number[], random: Random): number {
  let rest = random.next() * weights.reduce((a, b) => a + b);
  return weights.findIndex((weight) => (rest -= weight) < 0);
}
