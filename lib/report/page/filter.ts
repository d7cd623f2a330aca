import type { ReportCell } from "../types.js";

/** What a filter looks at: the values of a row by column key. */
export type Values = ReadonlyMap<string, ReportCell | undefined>;
type Test = (values: Values) => boolean;

type Operator = "<=" | ">=" | "!=" | "=" | "<" | ">" | "~";
const TERM = /(-?)(?:([\p{L}_][^\s<>=!~"]*)\s*(<=|>=|!=|=|<|>|~)\s*("[^"]*"|[^\s"]+)|"([^"]*)"|(\S+))/gu;

/**
 * A row passes when it holds every term: a word anywhere in its text, or `key op value` with op one of
 * = != < <= > >= and ~ (contains); a minus before a term turns it round. A key may be the end of a column's key, such as
 * `learningRate` of `lower.learningRate`. Comparisons of a missing value are false, != of it is true.
 *
 * @param keys  of all columns
 * @throws RangeError naming a key that no column has, or a value that is no number where one is needed
 * @example
 * const passes = parseFilter('status=finished auc.last>0.7 -debug', keys);
 */
export function parseFilter(text: string, keys: readonly string[]): Test {
  const tests = [...text.matchAll(TERM)].map(([, minus, key, operator, value, phrase, word]): Test => {
    const test =
      key === undefined
        ? contains((phrase ?? word).toLowerCase())
        : comparison(matching(key, keys), operator as Operator, value.replace(/^"(.*)"$/, "$1"));
    return minus === "-" ? (values) => !test(values) : test;
  });
  return (values) => tests.every((test) => test(values));
}

function matching(key: string, keys: readonly string[]): string[] {
  const exact = keys.filter((k) => k === key);
  const found = exact.length > 0 ? exact : keys.filter((k) => k.toLowerCase().endsWith(`.${key.toLowerCase()}`));
  if (found.length > 0) return found;
  const near = keys.filter((k) => k.toLowerCase().includes(key.toLowerCase())).slice(0, 5);
  throw new RangeError(`no column “${key}”${near.length > 0 ? `; there is ${near.join(", ")}` : ""}`);
}

const contains =
  (word: string): Test =>
  (values) => {
    for (const value of values.values())
      if (
        String(value ?? "")
          .toLowerCase()
          .includes(word)
      )
        return true;
    return false;
  };

function comparison(keys: readonly string[], operator: Operator, text: string): Test {
  const number = Number(text.replace("−", "-"));
  const date = /^\d{4}-/.test(text);
  if (/[<>]/.test(operator) && Number.isNaN(number) && !date) {
    throw new RangeError(`${operator} needs a number or a date, not “${text}”`);
  }
  const order = (value: ReportCell): number =>
    typeof value === "number" ? value - number : date ? (String(value) < text ? -1 : 1) : NaN;
  const holds = (value: ReportCell | undefined): boolean => {
    if (value === undefined) return operator === "!=";
    switch (operator) {
      case "=":
        return same(value, text, number);
      case "!=":
        return !same(value, text, number);
      case "~":
        return String(value).toLowerCase().includes(text.toLowerCase());
      case "<":
        return order(value) < 0;
      case "<=":
        return order(value) <= 0;
      case ">":
        return order(value) > 0;
      case ">=":
        return order(value) >= 0;
    }
  };
  return (values) => keys.some((key) => holds(values.get(key)));
}

const same = (value: ReportCell, text: string, number: number): boolean =>
  typeof value === "number" && !Number.isNaN(number)
    ? value === number
    : String(value).toLowerCase() === text.toLowerCase();
