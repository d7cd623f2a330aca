import stringWidth from "string-width";

/** characters shown on either side of the place */
const MOST = 100;

/** What is wrong with a query, where, and what was expected; the message ends in the query with a caret below the place. */
export class QueryError extends SyntaxError {
  /** from 1, in characters of the whole query */
  readonly column: number;

  /** @param at  index into `source` */
  constructor(source: string, at: number, message: string) {
    const column = columnOf(source, at);
    const before = source.slice(0, at).split("\n").at(-1) ?? "";
    const shown = [...before].length > MOST ? `…${[...before].slice(-MOST).join("")}` : before;
    const after = [...source.slice(at).split("\n", 1)[0]];
    const rest = after.length > MOST ? `${after.slice(0, MOST).join("")}…` : after.join("");
    super(`query, column ${column}: ${message}\n  ${shown}${rest}\n  ${" ".repeat(stringWidth(shown))}^`);
    this.name = "QueryError";
    this.column = column;
  }
}

export const columnOf = (source: string, at: number): number => [...source.slice(0, at)].length + 1;
