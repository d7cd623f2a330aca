import { DataError } from "./dataError.js";

/**
 * Parses JSON, where `NaN` and `Infinity`, which Python writes and JSON does not know, become texts, so that validation
 * names their row.
 *
 * @param where file, or file:line when `text` is one line of it
 * @throws DataError with line, column and the text around the fault
 */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const quoted = quoteNonFinite(text);
    if (quoted !== text && isJson(quoted)) return JSON.parse(quoted);
    throw new DataError(syntaxError(text, where, (error as Error).message));
  }
}

/** "NaN" for NaN, outside of strings */
function quoteNonFinite(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (match) =>
    match[0] === '"' ? match : `"${match}"`,
  );
}

export function isJson(text: string): boolean {
  return faultOf(text) === undefined;
}

function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function syntaxError(text: string, where: string, message: string): string {
  const position = errorPosition(text, message);
  const before = text.slice(0, position);
  const [line, column] = [before.split("\n").length, position - before.lastIndexOf("\n")];
  const place = /:\d+$/.test(where) ? `column ${column}` : `line ${line}, column ${column}`;
  const excerpt = JSON.stringify(text.slice(Math.max(0, position - 40), position + 20));
  const cut =
    position >= text.trimEnd().length ? "the text ends too early, so the file is cut off" : "is not valid JSON";
  return `${where}: ${place}: ${cut}, near ${excerpt} (${message.split("\n")[0]})`;
}

/** Node names the position of some faults only; the others are found as the shortest text that has them. */
function errorPosition(text: string, message: string): number {
  const named = positionIn(message, text.length);
  if (named !== undefined) return named;
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const fault = faultOf(text.slice(0, middle));
    if (fault === undefined || positionIn(fault, middle) === middle) good = middle;
    else bad = middle;
  }
  return good;
}

function positionIn(message: string, length: number): number | undefined {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return Number(position);
  return /end of JSON|Unterminated/.test(message) ? length : undefined;
}
