import { candidates, conversations } from "../dreamprm15.js";
import { dreamprmMeta } from "../dreamprm.js";
import { DataError, type OpenFile } from "../files.js";
import type { Reader } from "../reader.js";
import { bigBenchMistake } from "./bigBenchMistake.js";
import { gsm8k } from "./gsm8k.js";
import { mathShepherd } from "./mathShepherd.js";
import { mrBen } from "./mrBen.js";
import { prm800k } from "./prm800k.js";
import { prmBench } from "./prmBench.js";
import { processBench } from "./processBench.js";
import { trlStepwise } from "./trlStepwise.js";
import { visualPrm400k } from "./visualPrm400k.js";
import { visualProcessBench } from "./visualProcessBench.js";

/** Every format whose rows are whole solutions. */
export const readers: readonly Reader[] = [
  ...[dreamprmMeta, conversations, candidates, processBench, mrBen, bigBenchMistake, prmBench, gsm8k, prm800k],
  ...[mathShepherd, trlStepwise, visualPrm400k, visualProcessBench],
];

const LOOKED_AT = 5;

/**
 * The format of a file by the fields of its first records.
 *
 * @throws DataError listing what was looked for when none or several formats fit
 */
export function recognise<F extends Pick<Reader, "format" | "fields">>(
  { path, first }: Pick<OpenFile, "path" | "first">,
  formats: readonly F[],
): F {
  const looked = first.slice(0, LOOKED_AT);
  const fitting = formats.filter(({ fields }) =>
    looked.some((record) => fields.every((field) => field.split("|").some((name) => has(record, name.split("."))))),
  );
  if (fitting.length === 1) return fitting[0];
  const keys = Object.keys(Object(looked[0]) as object);
  const found = keys.length > 0 ? keys.slice(0, 12).join(", ") : JSON.stringify(looked[0]).slice(0, 60);
  const known = formats.map(({ format, fields }) => `\n  ${format}: ${fields.join(", ").replaceAll("|", " or ")}`);
  const problem =
    fitting.length === 0 ? "unknown format" : `may be ${fitting.map(({ format }) => format).join(" or ")}`;
  throw new DataError(`${path}: ${problem}; its first record has ${found}. Looked for${known.join("")}`);
}

function has(record: unknown, [name, ...rest]: readonly string[]): boolean {
  if (typeof record !== "object" || record === null || !(name in record)) return false;
  return rest.length === 0 || has((record as Record<string, unknown>)[name], rest);
}
