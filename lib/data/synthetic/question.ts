import type { Random } from "../../core/random.js";

export type Operator = "+" | "-" | "×" | "/";

/** A named whole number: read from the picture, given in the text, or calculated. Names are one word. */
export interface Quantity {
  readonly name: string;
  readonly value: number;
}

/** result = left operator right; an operand is the name of a quantity or a constant. */
export interface Operation {
  readonly result: string;
  readonly left: string | number;
  readonly operator: Operator;
  readonly right: string | number;
}

/** A way to an answer: what it computes (`goal`), why (`text`), and the operations; the last result is the answer. */
export interface Rule {
  readonly goal: string;
  readonly text: string;
  readonly operations: readonly Operation[];
}

/** What a recipe fixes: which readings are needed, which numbers the text gives, the right rule and tempting wrong ones. */
export interface Recipe {
  readonly readings: readonly string[];
  readonly givens: readonly Quantity[];
  readonly rule: Rule;
  readonly wrongRules: readonly Rule[];
}

export interface Question extends Recipe {
  /** the whole question as the policy sees it */
  readonly text: string;
  /** how steps call the picture: "bar chart" */
  readonly picture: string;
  readonly svg: string;
  /** everything that the picture shows and a rule may use */
  readonly shown: readonly Quantity[];
}

/** One draw of a family before its caption is added: `scene` opens the text, `ask` ends it. */
export interface Draft {
  readonly scene: string;
  readonly ask: string;
  readonly picture: string;
  /** drawn for accepted drafts only */
  readonly svg: () => string;
  readonly shown: readonly Quantity[];
  readonly recipe: Recipe;
}

export type Family = (random: Random) => Draft;

export function operation(result: string, left: string | number, operator: Operator, right: string | number) {
  return { result, left, operator, right } satisfies Operation;
}

export function apply(left: number, operator: Operator, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "×":
      return left * right;
    case "/":
      return left / right;
  }
}

/** Whole numbers from `low` to `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + random.integer(high - low + 1);
}

/** The share of questions whose text repeats in a caption what the picture shows. */
const CAPTION_SHARE = 0.8;

const CAPTIONS = {
  equals: ["Data shown", "Labels in the image", "Caption"],
  plain: ["Alt text", "Printed values"],
};

/** Draws questions from a family until one is sound: all results positive whole numbers below 10,000, new text. */
export function drawQuestion(family: Family, random: Random, taken: Set<string>): Question {
  for (let attempt = 0; attempt < 5000; attempt++) {
    const { recipe, scene, ask, picture, svg, shown } = family(random);
    const text = `Question: ${scene} ${caption(shown, random)}${ask}`;
    if (taken.has(text) || !isSound(recipe, shown)) continue;
    taken.add(text);
    return { ...recipe, text, picture, svg: svg(), shown };
  }
  throw new Error(
    `demo data: no new question after 5000 draws; ask for fewer questions per domain (${taken.size} made)`,
  );
}

function caption(shown: readonly Quantity[], random: Random): string {
  if (random.next() > CAPTION_SHARE) return "";
  const equals = random.next() < 0.7;
  const list = shown.map(({ name, value }) => (equals ? `${name} = ${value}` : `${name} ${value}`)).join(", ");
  return `${random.pick(equals ? CAPTIONS.equals : CAPTIONS.plain)}: ${list}. `;
}

function isSound({ rule, givens }: Recipe, shown: readonly Quantity[]): boolean {
  const values = new Map([...shown, ...givens].map(({ name, value }) => [name, value]));
  const value = (operand: string | number) => (typeof operand === "number" ? operand : (values.get(operand) ?? NaN));
  return rule.operations.every(({ result, left, operator, right }) => {
    const outcome = apply(value(left), operator, value(right));
    values.set(result, outcome);
    return Number.isInteger(outcome) && outcome > 0 && outcome < 10_000;
  });
}
