import type { RecordFile } from "./files.js";
import type { ImageOptions } from "./images.js";
import type { Solution } from "./types.js";

export interface SolutionOptions extends ImageOptions {
  /** what becomes of a row whose response holds no recognisable steps; defaults to "one-step" */
  readonly withoutSteps?: "one-step" | "skip";
  /** what the steps after the first wrong one are; defaults to "wrong" */
  readonly afterError?: "wrong" | "unlabelled";
}

/** What a reader made of a file. */
export interface Reading {
  readonly solutions: readonly Solution[];
  readonly withoutSteps: number;
  /** what a user should know about rows that could not be taken as they are */
  readonly notes: readonly string[];
}

/** A format whose rows are whole solutions. */
export interface Reader {
  readonly format: string;
  /** a record with all these fields shows the format */
  readonly fields: readonly string[];
  read(file: RecordFile, options: SolutionOptions): Reading;
}

/**
 * Step labels from the index of the first wrong step: right before it, wrong at it, and after it as `afterError` says.
 *
 * @param firstError 0-based, or null when every step is right
 */
export function firstErrorLabels(
  steps: number,
  firstError: number | null,
  afterError: SolutionOptions["afterError"] = "wrong",
): (0 | 1 | null)[] {
  return Array.from({ length: steps }, (_, i) => {
    if (firstError === null || i < firstError) return 1;
    return i === firstError || afterError === "wrong" ? 0 : null;
  });
}
