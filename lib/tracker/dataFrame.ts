import type * as danfojs from "danfojs-node";
import { flatten, plainObject } from "./plain.js";

/**
 * A danfo.js DataFrame, one row per object: nested objects become dotted columns, arrays JSON text,
 * and what a row lacks NaN. Made for `store.list()`, the rows and groups of `compareRuns`, and `record.series()`.
 *
 * @throws RangeError when there are no rows
 * @example
 * toDataFrame(compareRuns(runs).rows).print();
 */
export function toDataFrame(rows: readonly object[]): danfojs.DataFrame {
  if (rows.length === 0) throw new RangeError("a data frame needs at least one row: does the filter match any run?");
  const flat = rows.map((row, i) => flatten(plainObject(row, `rows[${i}]`)));
  const columns = [...new Set(flat.flatMap((row) => Object.keys(row)))];
  const cell = (value: unknown) => (Array.isArray(value) ? JSON.stringify(value) : (value ?? NaN));
  // here and not above: it takes seconds to load, and nothing else needs it
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const danfo = require("danfojs-node") as typeof danfojs;
  return new danfo.DataFrame(
    flat.map((row) => columns.map((name) => cell(row[name]))),
    { columns },
  );
}
