import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { DataError } from "../../data/dataError.js";
import type { Source } from "../../data/types.js";

/** A CSV file with a header, read as text. */
export interface CsvFile {
  readonly source: Source;
  /** as written, without spaces around them */
  readonly columns: readonly string[];
  readonly rows: readonly CsvRow[];
}

export interface CsvRow {
  /** where it ends, from 1 */
  readonly line: number;
  readonly cells: readonly string[];
}

/** @throws DataError naming the file and line when it is missing, empty, no CSV, or has two columns of one name */
export async function readCsv(path: string): Promise<CsvFile> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`${path}: cannot be read (${error.code}): check the path`);
  });
  let records: { record: string[]; info: { lines: number } }[];
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    records = parse(text, { info: true, trim: true, skip_empty_lines: true }) as unknown as typeof records;
  } catch (error) {
    throw new DataError(`${path}: is no CSV file in UTF-8 (${(error as Error).message})`);
  }
  const [header, ...rows] = records;
  if (header === undefined || rows.length === 0) throw new DataError(`${path}: has no rows below a header`);
  const columns = header.record;
  const twice = columns.find((name, c) => columns.indexOf(name) !== c);
  if (twice !== undefined) throw new DataError(`${path}: the column "${twice}" occurs twice; rename one of them`);
  return {
    source: { path, sha256: createHash("sha256").update(bytes).digest("hex"), rows: rows.length },
    columns,
    rows: rows.map(({ record, info }) => ({ line: info.lines, cells: record })),
  };
}

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
const NON_FINITE: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, infinity: Infinity };

/**
 * The number in a cell, NaN and infinities in the spelling of any language among them; undefined when it is empty.
 *
 * @throws DataError naming file, line, column and value
 */
export function numberIn(file: CsvFile, row: CsvRow, column: number): number | undefined {
  const text = row.cells[column];
  if (text === "") return undefined;
  const [, sign, word] = /^([-+]?)([a-z]+)$/i.exec(text) ?? [];
  const value = NUMBER.test(text) ? Number(text) : NON_FINITE[word?.toLowerCase() ?? ""];
  if (value === undefined) throw badCell(file, row, column, "a number");
  return sign === "-" ? -value : value;
}

/** {@link numberIn} where a finite number must be. */
export function finiteIn(file: CsvFile, row: CsvRow, column: number): number {
  const value = numberIn(file, row, column);
  if (value === undefined || !Number.isFinite(value)) throw badCell(file, row, column, "a finite number");
  return value;
}

export function badCell(
  { source, columns }: CsvFile,
  { line, cells }: CsvRow,
  column: number,
  wanted: string,
): DataError {
  const found = `column "${columns[column]}" holds ${JSON.stringify(cells[column].slice(0, 60))}`;
  return new DataError(`${source.path}:${line}: ${found}, not ${wanted}; correct it, or remove the row or column`);
}
