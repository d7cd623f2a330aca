import { escapeXml } from "./draw.js";
import { showOutput, type MimeBundle } from "./kernelOutput.js";

export type Cell = string | number | boolean | null | undefined;
export type Row = Readonly<Record<string, Cell>>;

/**
 * Shows rows as a table under the notebook's cell, as HTML and as text.
 *
 * @param columns  which columns, in which order; defaults to all, in the order in which they first occur
 * @throws RangeError for a column that no row has; Error outside of a tslab notebook
 */
export function showTable(rows: readonly Row[], columns?: readonly string[]): void {
  showOutput(tableBundle(rows, columns));
}

/** The table as HTML and as text. Numbers stand right, with at most 4 significant digits behind the point. */
export function tableBundle(rows: readonly Row[], columns?: readonly string[]): MimeBundle {
  const present = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const unknown = columns?.find((column) => rows.length > 0 && !present.includes(column));
  if (unknown !== undefined) {
    throw new RangeError(`showTable: no row has a column "${unknown}"; columns: ${present.join(", ")}`);
  }
  const shown = columns ?? present;
  const isNumeric = shown.map((column) => rows.every((row) => typeof (row[column] ?? 0) === "number"));
  const cells = rows.map((row) => shown.map((column) => formatted(row[column])));

  const widths = shown.map((column, c) => Math.max(column.length, ...cells.map((row) => row[c].length)));
  const textRow = (row: readonly string[]): string =>
    row
      .map((cell, c) => (isNumeric[c] ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
      .join("  ")
      .trimEnd();
  const text = [textRow(shown), widths.map((w) => "-".repeat(w)).join("  "), ...cells.map(textRow)].join("\n");

  const style = (c: number): string => ` style="text-align:${isNumeric[c] ? "right" : "left"}"`;
  const htmlRow = (row: readonly string[], tag: "th" | "td"): string =>
    `<tr>${row.map((cell, c) => `<${tag}${style(c)}>${escapeXml(cell)}</${tag}>`).join("")}</tr>`;
  const body = cells.map((row) => htmlRow(row, "td")).join("\n");
  const html = `<table>\n<thead>${htmlRow(shown, "th")}</thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
  return { "text/html": html, "text/plain": text };
}

function formatted(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell !== "number" || Number.isInteger(cell) || !Number.isFinite(cell)) return String(cell);
  return Math.abs(cell) >= 1e-3 && Math.abs(cell) < 1e6 ? String(Number(cell.toPrecision(4))) : cell.toExponential(2);
}
