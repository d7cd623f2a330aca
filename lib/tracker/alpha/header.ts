import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorText } from "../../core/errorText.js";
import { parseOptions } from "../../core/check.js";
import { arrayOf, storedNames } from "./names.js";
import { checkVersion } from "../record.js";

/** float32, little-endian, [T, K]: the snapshots one after another */
export const VALUES = "alpha.f32";
/** {@link AlphaHeader}: how to read the others */
export const HEADER = "alpha.json";
/** uint32, little-endian, [T, ⌈K / 1024⌉]; stores of before had none */
export const CHECKSUMS = "alpha.crc";
/** The header's end: a step is added by writing over it, so that the file is valid JSON at all times. */
export const TAIL = "]}\n";

const headerSchema = z.object({
  dtype: z.literal("<f4"),
  names: storedNames,
  steps: arrayOf((value) => typeof value === "number", "numbers"),
});
export type AlphaHeader = z.infer<typeof headerSchema>;

/**
 * @returns undefined without the file; `problem` says what of it was damaged, without `header` when all of it is
 * @throws Error naming the version when it is newer than this library
 */
export async function readHeader(folder: string): Promise<{ header?: AlphaHeader; problem?: string } | undefined> {
  const file = join(folder, HEADER);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
  const whole = parsed(text);
  const value = whole ?? parsed(withoutLastStep(text));
  checkVersion(value, file);
  try {
    const header = parseOptions(headerSchema, value, file);
    if (whole !== undefined) return { header };
    return { header, problem: `${file} is cut or damaged after step ${header.steps.at(-1) ?? "(none)"}` };
  } catch (error) {
    return { problem: `${file} is damaged, no weights can be read: restore it from a copy (${errorText(error)})` };
  }
}

/** A power failure may cut the tail, and the last step with it. */
const withoutLastStep = (text: string) =>
  text.slice(0, Math.max(text.lastIndexOf(","), text.lastIndexOf("[") + 1)) + TAIL;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
