import { conversations } from "../dreamprm15.js";
import { dreamprmMeta } from "../dreamprm.js";
import { evaluation } from "../evaluation.js";
import { DataError, type RecordFile } from "../files.js";
import type { Reader } from "../reader.js";
import { bigBenchMistake } from "./bigBenchMistake.js";
import { mrBen } from "./mrBen.js";

/** Every format whose rows are whole solutions. */
export const readers: readonly Reader[] = [dreamprmMeta, conversations, evaluation, mrBen, bigBenchMistake];

const LOOKED_AT = 5;

/**
 * The format of a file by the fields of its first records.
 *
 * @throws DataError listing what was looked for when none or several formats fit
 */
export function recognise<F extends Pick<Reader, "format" | "fields">>(file: RecordFile, formats: readonly F[]): F {
  const first = file.records.slice(0, LOOKED_AT).map((record) => Object.keys(Object(record) as object));
  const fitting = formats.filter(({ fields }) => first.some((keys) => fields.every((field) => keys.includes(field))));
  if (fitting.length === 1) return fitting[0];
  const found = first[0].length > 0 ? first[0].slice(0, 12).join(", ") : JSON.stringify(file.records[0]).slice(0, 60);
  const looked = formats.map(({ format, fields }) => `\n  ${format}: ${fields.join(", ")}`).join("");
  const problem =
    fitting.length === 0 ? "unknown format" : `may be ${fitting.map(({ format }) => format).join(" or ")}`;
  throw new DataError(`${file.path}: ${problem}; its first record has ${found}. Looked for${looked}`);
}
