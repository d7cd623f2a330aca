import { parse as parsePath } from "node:path";
import { DataError } from "../../data/dataError.js";
import type { Metrics } from "../events.js";
import { badCell, type CsvFile, type CsvRow, finiteIn, numberIn } from "./csvFile.js";

/** A run of a CSV file. */
export interface ForeignRun {
  readonly name: string;
  readonly points: readonly ForeignPoint[];
}

export interface ForeignPoint {
  readonly step: number;
  /** ms since epoch, where the file tells */
  readonly t?: number;
  readonly metrics: Metrics;
}

/** How a tracker exports runs as CSV. */
interface Format {
  readonly name: string;
  /** in words, for the message about a file that is none of them */
  readonly looks: string;
  fits(file: CsvFile): boolean;
  read(file: CsvFile): ForeignRun[];
}

/** TensorBoard's download of one scalar of one run; the file's name is `run-RUN-tag-TAG.csv`. */
const tensorBoard: Format = {
  name: "TensorBoard",
  looks: "TensorBoard: Wall time,Step,Value",
  fits: ({ columns }) => columns.join() === "Wall time,Step,Value",
  read(file) {
    const stem = stemOf(file);
    const [, run, tag] = /^run[-_](.*)[-_]tag[-_](.*)$/.exec(stem) ?? [undefined, stem, stem];
    const points = file.rows.map((row) => ({
      step: finiteIn(file, row, 1),
      t: finiteIn(file, row, 0) * 1000,
      metrics: { [tag]: numberIn(file, row, 2) ?? missing(file, row, 2) },
    }));
    return [{ name: run, points }];
  },
};

/**
 * W&B's export of a chart: the axis, then per run `RUN - METRIC` with `…__MIN` and `…__MAX`, the extremes of the points
 * that it put together. These are kept, as metrics of that name, where they differ from the value. The last ` - ` of a
 * head divides it. `_step` and `_runtime` are left out; `_timestamp` (s) is the time.
 */
const weightsAndBiases: Format = {
  name: "W&B",
  looks: 'W&B chart: Step,"RUN - METRIC",…',
  fits: ({ columns }) => columns.length > 1 && columns.slice(1).every((head) => head.includes(" - ")),
  read(file) {
    const runs = new Map<string, Column[]>();
    for (const [index, head] of file.columns.entries()) {
      if (index === 0) continue;
      const cut = head.lastIndexOf(" - ");
      const run = head.slice(0, cut);
      runs.set(run, [...(runs.get(run) ?? []), { index, name: head.slice(cut + 3) }]);
    }
    return [...runs].map(([name, columns]) => ({ name, points: pointsOf(file, file.rows, 0, columns) }));
  },
};

/**
 * One row per step, as Trackio takes and gives it and as W&B's run history is: `step` or `_step`, with or without
 * `timestamp` (ISO 8601, UTC unless it says otherwise, or s) and `run_name` or `run`; all else are metrics but for
 * `id`, `run_id`, `_runtime` and a column without a head, the row numbers of pandas. Rows without a name
 * are a run of the file's name.
 */
const rowPerStep: Format = {
  name: "Trackio",
  looks: "Trackio: step and metrics, with or without timestamp and run_name",
  fits: (file) => find(file, "step", "_step") !== -1,
  read(file) {
    const [step, run] = [find(file, "step", "_step"), find(file, "run_name", "run")];
    const columns = file.columns
      .map((name, index) => ({ index, name }))
      .filter(({ index }) => ![step, run].includes(index));
    const names = file.rows.map(({ cells }) => cells[run] || stemOf(file));
    const rows = (name: string) => file.rows.filter((_, r) => names[r] === name);
    return [...new Set(names)].map((name) => ({ name, points: pointsOf(file, rows(name), step, columns) }));
  },
};

const formats = [tensorBoard, weightsAndBiases, rowPerStep];

/** @throws DataError naming what is wrong and where; or listing the formats when it is none of them */
export function readForeign(file: CsvFile): { format: string; runs: ForeignRun[] } {
  const format = formats.find((candidate) => candidate.fits(file));
  const { path } = file.source;
  if (!format) {
    const looked = formats.map(({ looks }) => `\n  ${looks}`).join("");
    throw new DataError(`${path}: its columns are ${file.columns.join(",").slice(0, 200)}; expected one of${looked}`);
  }
  const runs = format.read(file).filter(({ points }) => points.length > 0);
  if (runs.length === 0) throw new DataError(`${path}: holds no value of any metric`);
  return { format: format.name, runs };
}

interface Column {
  readonly index: number;
  readonly name: string;
}

const TIME = new Set(["timestamp", "_timestamp"]);
const NO_METRICS = new Set(["", "id", "run_id", "_runtime", "_step", ...TIME]);
const EXTREME = /__(?:MIN|MAX)$/;

function pointsOf(file: CsvFile, rows: readonly CsvRow[], step: number, columns: readonly Column[]): ForeignPoint[] {
  const time = columns.find(({ name }) => TIME.has(name));
  const metrics = columns.filter(({ name }) => !NO_METRICS.has(name.replace(EXTREME, "")));
  const told = metrics.filter((column) => !repeats(rows, column, metrics));
  return rows.flatMap((row) => {
    const values = told.map(({ index, name }) => [name, numberIn(file, row, index)] as const);
    const present = values.filter((entry): entry is [string, number] => entry[1] !== undefined);
    if (present.length === 0) return [];
    const t = time && timeIn(file, row, time.index);
    return [{ step: finiteIn(file, row, step), ...(t !== undefined && { t }), metrics: Object.fromEntries(present) }];
  });
}

/** Claims that an extreme is the value itself in all rows, as it is where nothing was put together. */
function repeats(rows: readonly CsvRow[], { index, name }: Column, columns: readonly Column[]): boolean {
  const value = EXTREME.test(name) && columns.find((column) => column.name === name.replace(EXTREME, ""));
  return value !== false && value !== undefined && rows.every(({ cells }) => cells[index] === cells[value.index]);
}

function timeIn(file: CsvFile, row: CsvRow, column: number): number | undefined {
  const text = row.cells[column];
  if (text === "") return undefined;
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:/.test(text)) return finiteIn(file, row, column) * 1000;
  const t = Date.parse(/(?:Z|[-+]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
  if (Number.isNaN(t)) throw badCell(file, row, column, "a time");
  return t;
}

function missing(file: CsvFile, row: CsvRow, column: number): never {
  throw badCell(file, row, column, "a number");
}

const find = ({ columns }: CsvFile, ...names: string[]): number =>
  columns.findIndex((name) => names.includes(name.toLowerCase()));

const stemOf = ({ source }: CsvFile): string => parsePath(source.path).name;
