import { CANDIDATE_FIELDS, conversations, poolsOf, readCandidates } from "./dreamprm15.js";
import { readRecords, type RecordFile } from "./files.js";
import { checkImages, type ImageOptions } from "./images.js";
import { checkSolutionOptions } from "./options.js";
import type { Reader, Reading, SolutionOptions } from "./reader.js";
import { readers, recognise } from "./sources/index.js";
import type { Pool, SolutionSet } from "./types.js";

export interface SolutionSetOptions extends SolutionOptions {
  /** without the line of summary per file */
  readonly quiet?: boolean;
}

/** Reads a file of solutions in the format that its first records show, or in one of `formats`. */
export async function readSolutions(
  path: string,
  options: SolutionOptions,
  formats: readonly Reader[] = readers,
): Promise<{ file: RecordFile; reader: Reader; reading: Reading }> {
  const file = await readRecords(path);
  const reader = recognise(file, formats);
  const reading = reader.read(file, options);
  checkImages(path, reading.solutions, options);
  return { file, reader, reading };
}

/**
 * Loads whole solutions with the outcome of their answers, for the upper level and for tests: DreamPRM's meta format,
 * DreamPRM-1.5's conversations, our evaluation format (ProcessBench's layout), MR-Ben or BIG-Bench-Mistake, recognised
 * by the first records.
 *
 * A response without recognisable steps is one step (an empty one where the row holds the question alone) or is left
 * out, and counted in `withoutSteps` either way.
 *
 * @throws DataError naming row, field, value and what is expected, for up to 20 faults at once
 */
export async function loadMetaSet(path: string, options: SolutionSetOptions = {}): Promise<SolutionSet> {
  checkSolutionOptions(options, "loadMetaSet");
  return loadSet(path, options, readers);
}

/** Loads DreamPRM-1.5 conversations; in training files the labels "+" and "-" become `stepLabels`. */
export async function loadConversations(path: string, options: SolutionSetOptions = {}): Promise<SolutionSet> {
  checkSolutionOptions(options, "loadConversations");
  return loadSet(path, options, [conversations]);
}

/** Loads candidate pools: DreamPRM-1.5's test format, or all solutions of one question in any format of solutions. */
export async function loadPools(path: string, options: SolutionSetOptions = {}): Promise<Pool[]> {
  checkSolutionOptions(options, "loadPools");
  const file = await readRecords(path);
  const pools = readPools(file, options);
  checkImages(path, pools, options);
  if (!options.quiet) {
    const sizes = pools.map(({ candidates }) => candidates.length);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
    console.log(`${path}: ${pools.length} pools of ${least === most ? least : `${least} to ${most}`} candidates`);
  }
  return pools;
}

function readPools(file: RecordFile, options: SolutionOptions): Pool[] {
  const candidates = {
    format: "DreamPRM-1.5 candidates",
    fields: CANDIDATE_FIELDS,
    pools: (file: RecordFile, options: ImageOptions) => readCandidates(file, options),
  };
  const grouped = readers.map((reader) => ({
    ...reader,
    pools: (file: RecordFile, options: SolutionOptions) => poolsOf(reader.read(file, options).solutions),
  }));
  return recognise(file, [candidates, ...grouped]).pools(file, options);
}

async function loadSet(path: string, options: SolutionSetOptions, formats: readonly Reader[]): Promise<SolutionSet> {
  const { file, reader, reading } = await readSolutions(path, options, formats);
  const { solutions, withoutSteps, notes } = reading;
  if (!options.quiet) {
    console.log(`${path} (${reader.format}): ${[summarise(reading, options), ...notes].join("; ")}`);
  }
  return { solutions, source: file.source, withoutSteps };
}

/** One line on solutions: how many, of how many questions, how many right, how many without steps. */
export function summarise({ solutions, withoutSteps }: Reading, { withoutSteps: kept }: SolutionOptions): string {
  const questions = new Set(solutions.map(({ questionId }) => questionId)).size;
  const right = solutions.filter(({ correct }) => correct).length;
  const fate = kept === "skip" ? "left out" : "each kept as one step";
  const without = withoutSteps === 0 ? "" : `, ${withoutSteps} without recognisable steps (${fate})`;
  return `${solutions.length} solutions of ${questions} questions, ${right} right${without}`;
}
