import { QueryError } from "./queryError.js";
import type { Segment } from "./syntax.js";
import { parseTime } from "./time.js";

export type Token = { readonly at: number } & (
  | { readonly kind: "literal"; readonly value: number | string | Date }
  /** one or more segments: keywords are words of a single unquoted one */
  | { readonly kind: "path"; readonly segments: readonly Segment[] }
  | { readonly kind: "symbol"; readonly text: string }
  | { readonly kind: "end" }
);

const SPACE = /\s*/y;
const TIME = /\d{4}-\d\d-\d\d(?:T[\d:.]*(?:Z|[+-]\d\d:\d\d)?)?/y;
const NUMBER = /((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([\p{L}_]*)/iuy;
const WORD = /[\p{L}_][\p{L}\p{N}_/@]*/uy;
const PART = /[\p{L}\p{N}_/@]+/uy;
const SYMBOL = /<=|>=|!=|==|<(?!>)|[=>()[\],+-]/y;
const FOREIGN = /&&|\|\||<>|!|&|\||[“”„‘’]|\S/uy;

const MILLISECONDS: Readonly<Record<string, number>> = {
  "": 1,
  ...{ ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 },
};
const INSTEAD: Readonly<Record<string, string>> = {
  ...{ "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "<>": "!=" },
  ...Object.fromEntries([..."“”„‘’"].map((quote) => [quote, `" or '`])),
};
/** A query is typed by a person: more than this is a mistake. */
const MOST = 10_000;

/** @throws QueryError at the first character that begins nothing */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const fail = (where: number, message: string): never => {
    throw new QueryError(source, where, message);
  };

  /** From the opening quote to the closing one of the same kind; a backslash takes the next character as it is. */
  const quoted = (): string => {
    const start = at;
    let text = "";
    for (at++; at < source.length; at++) {
      if (source[at] === source[start]) {
        at++;
        return text;
      }
      if (source[at] === "\\" && at + 1 < source.length) at++;
      text += source[at];
    }
    return fail(start, `this quote is not closed: expected ${source[start]} at the end of the text`);
  };
  const isQuote = () => source[at] === '"' || source[at] === "'";

  const path = (first: string): Segment[] => {
    const segments: Segment[] = [{ text: first, quoted: false }];
    while (source[at] === ".") {
      at++;
      if (isQuote()) segments.push({ text: quoted(), quoted: true });
      else {
        const part = match(PART)?.[0] ?? fail(at, `expected a name after the dot, as in params.NAME or metrics."a b"`);
        segments.push({ text: part, quoted: false });
      }
    }
    return segments;
  };

  const next = (): Token => {
    const start = at;
    if (at === source.length) return { kind: "end", at };
    if (isQuote()) return { kind: "literal", at: start, value: quoted() };
    const time = match(TIME)?.[0];
    if (time !== undefined) {
      const value = parseTime(time) ?? fail(start, `${time} is no time: expected 2026-11-21 or 2026-11-21T09:30Z`);
      return { kind: "literal", at: start, value };
    }
    const number = match(NUMBER);
    if (number) {
      const [, digits, unit] = number;
      const factor = Object.hasOwn(MILLISECONDS, unit)
        ? MILLISECONDS[unit]
        : fail(start + digits.length, `unknown unit "${unit}": expected ms, s, min, h, d or w`);
      return { kind: "literal", at: start, value: Number(digits) * factor };
    }
    const word = match(WORD);
    if (word) return { kind: "path", at: start, segments: path(word[0]) };
    const symbol = match(SYMBOL);
    if (symbol) return { kind: "symbol", at: start, text: symbol[0] === "==" ? "=" : symbol[0] };
    const [foreign] = match(FOREIGN) ?? [""];
    const hint = INSTEAD[foreign];
    return fail(start, `unexpected ${foreign}${hint === undefined ? "" : `: write ${hint}`}`);
  };

  for (;;) {
    match(SPACE);
    const token = next();
    tokens.push(token);
    if (token.kind === "end") return tokens;
    if (tokens.length > MOST) fail(token.at, `the query is too long: it has more than ${MOST} words and signs`);
  }
}
