import { columnOf, QueryError } from "./queryError.js";
import type { Node, Operator, Path, SortKey } from "./syntax.js";
import { type Token, tokenize } from "./tokens.js";

const LEVEL = {
  ...{ or: 1, and: 2, not: 3 },
  ...{ "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, in: 4, "not in": 4, contains: 4, "not contains": 4 },
  ...{ "+": 5, "-": 5, "unary -": 6 },
} satisfies Record<Operator | "not" | "unary -", number>;

const WORDS: Readonly<Record<string, null | boolean | number>> = {
  ...{ null: null, true: true, false: false, nan: NaN, infinity: Infinity },
};
/** What is deeper than a person writes could be too deep for the stack. */
const DEEPEST = 200;
const MOST_SUMS = 500;
const VALUE = `a value, such as 0.5, "text", params.NAME or metrics.NAME.best`;

/**
 * Parses a condition by precedence climbing, from loose to tight:
 *
 *     or · and · not · = == != < <= > >= in contains · + - · unary -
 *
 * Comparisons do not chain. Nothing is looked up here: see `bind`.
 *
 * @throws QueryError
 */
export function parseQuery(source: string): Node {
  const parser = new Parser(source);
  const node = parser.expression();
  parser.end("and, or, a comparison, or the end");
  return node;
}

/** A value alone, such as `metrics.auc.best` or `wallMs - 1h`. @throws QueryError */
export function parseValue(source: string): Node {
  const parser = new Parser(source);
  const node = parser.expression(LEVEL["+"]);
  parser.end("+, - or the end");
  return node;
}

/** `-metrics.auc.best, name` or `metrics.auc.best desc, name asc`. @throws QueryError */
export function parseSort(source: string): SortKey[] {
  const parser = new Parser(source);
  const keys: SortKey[] = [];
  do {
    const minus = parser.take("-");
    const node = parser.expression(LEVEL["+"]);
    keys.push({ node, descending: minus || parser.take("desc") || (parser.take("asc"), false) });
  } while (parser.take(","));
  parser.end("asc, desc, a comma, or the end");
  return keys;
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #sums = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  /** @param least  level of the loosest operator that may stand in it */
  expression(least: number = LEVEL.or): Node {
    if (++this.#depth > DEEPEST) this.#fail(`this is nested more than ${DEEPEST} deep`);
    let left = this.#prefix(least);
    for (;;) {
      const { at } = this.#token;
      const operator = this.#operator();
      if (operator === undefined || LEVEL[operator] < least) break;
      this.#next += operator.startsWith("not ") ? 2 : 1;
      if (LEVEL[operator] === LEVEL["+"] && ++this.#sums > MOST_SUMS) this.#fail(`this is more than ${MOST_SUMS} sums`);
      const right = this.expression(LEVEL[operator] + 1);
      left = { kind: "binary", at, operator, left, right };
      if (LEVEL[operator] === LEVEL["="]) this.#noChain();
    }
    this.#depth--;
    return left;
  }

  /** Whether the next token is this sign or word; if so it is behind us now. */
  take(text: string): boolean {
    const found = textOf(this.#token) === text;
    if (found) this.#next++;
    return found;
  }

  end(expected: string): void {
    if (this.#token.kind !== "end") this.#expected(expected);
  }

  #prefix(least: number): Node {
    const { at } = this.#token;
    if (least <= LEVEL.not && this.take("not")) {
      return { kind: "unary", at, operator: "not", operand: this.expression(LEVEL.not) };
    }
    if (this.take("-")) return { kind: "unary", at, operator: "-", operand: this.expression(LEVEL["unary -"]) };
    return this.#primary();
  }

  #primary(): Node {
    const token = this.#token;
    const { at } = token;
    if (this.take("(")) {
      const inner = this.expression();
      if (!this.take(")")) this.#expected(`) for the bracket at column ${columnOf(this.#source, at)}`);
      return inner;
    }
    if (this.take("[")) return { kind: "list", at, items: this.#items() };
    if (token.kind === "literal") {
      this.#next++;
      return { kind: "literal", at, value: token.value };
    }
    const word = textOf(token);
    if (token.kind !== "path" || (word !== undefined && isKeyword(word))) return this.#expected(VALUE);
    this.#next++;
    if (word !== undefined && Object.hasOwn(WORDS, word)) return { kind: "literal", at, value: WORDS[word] };
    return this.#path(token);
  }

  #items(): Node[] {
    const items: Node[] = [];
    if (this.take("]")) return items;
    do items.push(this.expression(LEVEL["+"]));
    while (this.take(","));
    if (!this.take("]")) this.#expected(", or ] in the list");
    return items;
  }

  #path({ at, segments }: Token & { kind: "path" }): Path {
    const last = segments[segments.length - 1];
    const isAt = segments[0].text === "metrics" && segments.length > 2 && last.text === "at" && !last.quoted;
    if (textOf(this.#token) !== "(") return { kind: "path", at, segments };
    if (!isAt) return this.#fail(`${last.text} is no function: only metrics.NAME.at(step) takes a number in brackets`);
    this.#next++;
    const minus = this.take("-");
    const token = this.#token;
    if (token.kind !== "literal" || typeof token.value !== "number") return this.#expected("a step, as in at(100)");
    this.#next++;
    if (!this.take(")")) this.#expected(") after the step");
    return { kind: "path", at, segments, step: minus ? -token.value : token.value };
  }

  get #token(): Token {
    return this.#tokens[this.#next];
  }

  #operator(): Operator | undefined {
    const text = textOf(this.#token);
    if (text === undefined) return undefined;
    const operator = text === "not" ? `not ${textOf(this.#tokens[this.#next + 1])}` : text;
    return Object.hasOwn(LEVEL, operator) ? (operator as Operator) : undefined;
  }

  #noChain(): void {
    const operator = this.#operator();
    if (operator !== undefined && LEVEL[operator] === LEVEL["="]) {
      this.#fail("comparisons do not chain: write a < b and b < c");
    }
  }

  #expected(what: string): never {
    const { kind, at } = this.#token;
    const got =
      kind === "end" ? "the end of the query" : this.#source.slice(at, this.#tokens[this.#next + 1].at).trim();
    return this.#fail(`expected ${what}, got ${got}`);
  }

  #fail(message: string): never {
    throw new QueryError(this.#source, this.#token.at, message);
  }
}

/** Of a sign, or a word that stands alone. */
function textOf(token: Token): string | undefined {
  if (token.kind === "symbol") return token.text;
  return token.kind === "path" && token.segments.length === 1 ? token.segments[0].text : undefined;
}

const isKeyword = (word: string): boolean => Object.hasOwn(LEVEL, word);
