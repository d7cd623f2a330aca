import { derive, withOutcome } from "./attempt.js";
import { CANDIDATE_FIELDS, conversations, poolsOf, readCandidates } from "./dreamprm15.js";
import { readRecords, type RecordFile } from "./files.js";
import { checkImages, type ImageOptions } from "./images.js";
import { checkSolutionOptions } from "./options.js";
import { readAll, type Reader, type SolutionOptions } from "./reader.js";
import { readers, recognise } from "./sources/index.js";
import { openSolutions } from "./stream.js";
import type { Pool, Solution, SolutionSet } from "./types.js";

export interface SolutionSetOptions extends SolutionOptions {
  /** without the line of summary per file */
  readonly quiet?: boolean;
}

/**
 * Loads whole solutions with the outcome of their answers, for the upper level and for tests, in any format of
 * solutions (DreamPRM's meta format, DreamPRM-1.5's conversations, our evaluation format, those of `sources/`),
 * recognised by the first records.
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
    pools: (file: RecordFile, options: SolutionOptions) =>
      poolsOf(
        readAll(reader, file, options).attempts.flatMap(
          (attempt) => withOutcome(derive(attempt, options), options, { path: file.path, format: reader.format }) ?? [],
        ),
      ),
  }));
  return recognise({ path: file.path, first: file.records }, [candidates, ...grouped]).pools(file, options);
}

async function loadSet(path: string, options: SolutionSetOptions, formats: readonly Reader[]): Promise<SolutionSet> {
  const stream = await openSolutions(path, options, formats);
  const solutions: Solution[] = [];
  for await (const batch of stream.solutions()) for (const solution of batch) solutions.push(solution);
  const { source, text, notes, withoutSteps } = stream.summary();
  if (!options.quiet) console.log(`${path} (${stream.format}): ${[text, ...notes].join("; ")}`);
  const { format: _, ...plain } = source;
  return { solutions, source: plain, withoutSteps };
}
