import stringWidth from "string-width";

/** Prints lines, on a terminal cut to its width; a pipe and a file get them whole. */
export function print(text: string): void {
  console.log(fitted(text, lineWidth()));
}

/** Cells of a line that a reader sees: those of the terminal; a pipe and a file have no end. */
export const lineWidth = (): number => (process.stdout.isTTY ? process.stdout.columns : Infinity);

/** Each line cut to `columns` character cells, with "…" where something is missing. */
export function fitted(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => cut(line, columns))
    .join("\n");
}

function cut(line: string, columns: number): string {
  if (stringWidth(line) <= columns) return line;
  let [width, kept] = [0, ""];
  for (const character of line) {
    width += stringWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}
