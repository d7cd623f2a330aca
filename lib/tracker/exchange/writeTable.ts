import { extname } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import writeFileAtomic from "write-file-atomic";
import { unwritable } from "../adapter.js";
import { stringify } from "../plain.js";
import type { TableCell, TableRow } from "./tables.js";

const writers: Readonly<Record<string, (rows: readonly TableRow[]) => string | Buffer>> = {
  ".csv": toCsv,
  ".json": toJson,
  ".parquet": toParquet,
};

/**
 * Writes a table as the file's name says: `.csv`, `.json` or `.parquet`. The file is replaced as a whole.
 *
 * @throws RangeError for another name or a table without rows; Error naming the file when it cannot be written
 */
export async function writeTable(file: string, rows: readonly TableRow[]): Promise<void> {
  const write = writers[extname(file).toLowerCase()];
  if (!write) throw new RangeError(`${file}: a table's name ends in ${Object.keys(writers).join(", ")}`);
  if (rows.length === 0) throw new RangeError(`${file}: the table has no rows; does the filter match any run?`);
  try {
    await writeFileAtomic(file, write(rows));
  } catch (error) {
    throw unwritable(file, error);
  }
}

/**
 * RFC 4180, UTF-8: a header, lines that end in CRLF. Numbers are written so that they read back to the same value, and
 * as NaN, Infinity, -Infinity; times as ISO 8601, lists as JSON. An empty cell is no value, `""` the empty text.
 */
export function toCsv(rows: readonly TableRow[]): string {
  const columns = columnsOf(rows);
  const lines = [columns.map(quoted), ...rows.map((row) => columns.map((name) => csvCell(row[name])))];
  return lines.map((cells) => `${cells.join(",")}\r\n`).join("");
}

/** A JSON array of rows, with NaN and ±Infinity as in run.json: `parse` of `plain.ts` gives all values back. */
export function toJson(rows: readonly TableRow[]): string {
  return `${stringify(rows, 2)}\n`;
}

/**
 * Parquet with nullable, typed columns: `step`, `seed` and `wallMs` as INT64, other numbers as DOUBLE, times as
 * TIMESTAMP (ms, UTC), BOOLEAN, and all else as STRING, as in {@link toCsv}.
 */
export function toParquet(rows: readonly TableRow[]): Buffer {
  const columnData = columnsOf(rows).map((name) => {
    const cells = rows.map((row) => row[name] ?? null);
    const type = parquetType(name, cells);
    return { name, type, data: cells.map((cell) => (cell === null ? null : CONVERT[type](cell))) };
  });
  return Buffer.from(parquetWriteBuffer({ columnData }));
}

const WHOLE = new Set(["step", "seed", "wallMs"]);

const CONVERT = {
  INT64: (cell: TableCell) => BigInt(cell as number),
  DOUBLE: (cell: TableCell) => cell,
  BOOLEAN: (cell: TableCell) => cell,
  TIMESTAMP: (cell: TableCell) => cell,
  STRING: text,
} as const;

function parquetType(name: string, cells: readonly TableCell[]): keyof typeof CONVERT {
  const values = cells.filter((cell) => cell !== null);
  const all = (is: (value: TableCell) => boolean) => values.length > 0 && values.every(is);
  if (WHOLE.has(name) && all((value) => Number.isSafeInteger(value))) return "INT64";
  if (all((value) => typeof value === "number")) return "DOUBLE";
  if (all((value) => typeof value === "boolean")) return "BOOLEAN";
  if (all((value) => value instanceof Date)) return "TIMESTAMP";
  return "STRING";
}

const columnsOf = (rows: readonly TableRow[]): string[] => [...new Set(rows.flatMap((row) => Object.keys(row)))];

function csvCell(cell: TableCell | undefined): string {
  return cell === null || cell === undefined ? "" : quoted(text(cell));
}

function text(cell: TableCell): string {
  if (cell instanceof Date) return cell.toISOString();
  return typeof cell === "object" ? stringify(cell) : String(cell);
}

const quoted = (value: string): string =>
  value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
