import { finalAnswer } from "../text/answer.js";
import { evaluate } from "../text/expression.js";
import { tokenize } from "../text/numbers.js";
import { compare, type Rational, toNumber } from "../text/rational.js";
import { equalExpressions } from "./equalExpressions.js";
import { optionLetter } from "./question.js";

/**
 * When two answers are the same:
 * - "exact": the same text without case, spacing, $ and a full stop
 * - "numeric": numbers that differ by at most `tolerance` of the reference; units after a number do not count
 * - "option": the same option, named by its letter or by its text
 * - "math": the same text, number or expression: ½, 0.5, 50 %, \frac{1}{2} are one; so are 2√3, √12
 * - "auto": "option" where the question has options, else "math"
 */
export const answerMatches = ["auto", "exact", "numeric", "option", "math"] as const;
export type AnswerMatch = (typeof answerMatches)[number];

export interface MatchOptions {
  /** defaults to "auto" */
  readonly match?: AnswerMatch;
  /** of "numeric", relative to the reference; defaults to 0.001 */
  readonly tolerance?: number;
  /** the question's options */
  readonly options?: readonly string[];
}

/**
 * Claims that an answer is the reference answer. No answer is never right.
 *
 * @example
 * await sameAnswer("\\frac{1}{2}", "0.5"); // true
 */
export async function sameAnswer(
  answer: string | undefined,
  reference: string,
  given: MatchOptions = {},
): Promise<boolean> {
  const { match = "auto", tolerance = 0.001, options } = given;
  if (answer === undefined || answer.trim() === "") return false;
  switch (match) {
    case "exact":
      return plain(answer) === plain(reference);
    case "numeric":
      return closeNumbers(answer, reference, tolerance);
    case "option":
      return sameOption(answer, reference, options);
    case "math":
      return sameMath(answer, reference);
    case "auto":
      return options === undefined ? sameMath(answer, reference) : sameOption(answer, reference, options);
  }
}

async function sameMath(answer: string, reference: string): Promise<boolean> {
  if (plain(answer) === plain(reference)) return true;
  const [a, b] = [valueOf(answer), valueOf(reference)];
  if (a && b) return compare(a, b) === 0;
  return equalExpressions(withoutName(answer), withoutName(reference));
}

function closeNumbers(answer: string, reference: string, tolerance: number): boolean {
  const [a, b] = [answer, reference].map((text) => valueOf(text) ?? valueOf(leadingNumber(text)));
  if (!a || !b) return false;
  const [x, y] = [toNumber(a), toNumber(b)];
  // the last term allows for the rounding of the two conversions alone
  return Math.abs(x - y) <= tolerance * Math.abs(y) + 4 * Number.EPSILON * Math.abs(y);
}

/** The exact value of an answer that is an arithmetic expression. */
function valueOf(text: string): Rational | undefined {
  const tokens = tokenize(withoutName(text)).filter(({ kind }) => kind !== "break");
  return tokens.length === 0 ? undefined : evaluate(tokens, [])?.exact;
}

/** "12 cm" → "12", "-3.5e2 m/s" → "-3.5e2" */
function leadingNumber(text: string): string {
  return (
    /^[^\d.+−-]{0,2}([+−-]?\s*(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?\s*%?)(?![\d./^])/.exec(
      withoutName(text),
    )?.[1] ?? ""
  );
}

function sameOption(answer: string, reference: string, options: readonly string[] | undefined): boolean {
  const [a, b] = [letterOf(answer, options), letterOf(reference, options)];
  return a !== undefined && a === b;
}

/** The letter of an option that an answer names: "(B)", "B", "Option b", "B: red", or "red" where that is option B. */
function letterOf(answer: string, options: readonly string[] | undefined): string | undefined {
  const same = options?.findIndex((text) => plain(text) === plain(answer)) ?? -1;
  if (same >= 0) return optionLetter(same);
  const bare = plain(answer).replace(/^(?:the\s+)?(?:answer\s+is\s+)?/, "");
  const letter =
    /^(?:option|choice)?[\s_]*\(?([a-z])\)?$/.exec(bare)?.[1].toUpperCase() ??
    finalAnswer([`Answer: ${answer.trim()}`]);
  if (letter === undefined || !/^[A-Z]$/.test(letter)) return undefined;
  return options !== undefined && letter.charCodeAt(0) - 65 >= options.length ? undefined : letter;
}

/** "x = 5" → "5": the name of what was asked for */
function withoutName(text: string): string {
  return unwrapped(text).replace(/^[A-Za-z]\w{0,2}\s*=\s*(?!.*=)/, "");
}

function plain(text: string): string {
  return unwrapped(text)
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .replace(/\s*([,=+*/()-])\s*/g, "$1");
}

/** Without what only sets an answer off: $…$, \(…\), \boxed{…}, \text{…}, **…**, quotation marks, a full stop. */
function unwrapped(text: string): string {
  let inner = text.replaceAll("{,}", ",").trim();
  for (let before = ""; before !== inner;) {
    before = inner;
    inner = inner
      .replace(/^(?:\$\$?|\\\(|\\\[|\*\*|["'“‘`])([^$]*?)(?:\$\$?|\\\)|\\\]|\*\*|["'”’`])$/, "$1")
      .replace(/^\\(?:boxed|text|mathrm|mathbf)\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}$/, "$1")
      .replace(/(?<=\S)\.$/, "")
      .trim();
  }
  return inner;
}
