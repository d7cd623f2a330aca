import { candidates, conversations, poolsOf } from "./dreamprm15.js";
import { checkSolutionOptions } from "./options.js";
import type { Reader, SolutionOptions } from "./reader.js";
import { readers } from "./sources/index.js";
import { openSolutions } from "./stream.js";
import type { Pool, Solution, SolutionSet } from "./types.js";

export interface SolutionSetOptions extends SolutionOptions {
  /** without the line of summary per file */
  readonly quiet?: boolean;
}

/**
 * Loads whole solutions with the outcome of their answers, for the upper level and for tests, in any format of
 * solutions (DreamPRM's meta format, DreamPRM-1.5's conversations and candidates, our evaluation format, those of
 * `sources/`), recognised by the first records.
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

/** Loads candidate pools: all solutions of one question, in any format of solutions. */
export async function loadPools(path: string, options: SolutionSetOptions = {}): Promise<Pool[]> {
  checkSolutionOptions(options, "loadPools");
  const pools = poolsOf((await loadSet(path, { ...options, quiet: true }, readers)).solutions);
  if (!options.quiet) {
    const sizes = pools.map(({ candidates }) => candidates.length);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
    console.log(`${path}: ${pools.length} pools of ${least === most ? least : `${least} to ${most}`} candidates`);
  }
  return pools;
}

async function loadSet(path: string, options: SolutionSetOptions, formats: readonly Reader[]): Promise<SolutionSet> {
  const stream = await openSolutions(path, options, formats);
  const solutions: Solution[] = [];
  for await (const batch of stream.solutions()) for (const solution of batch) solutions.push(solution);
  const { source, text, notes, withoutSteps } = stream.summary();
  if (!options.quiet) console.log(`${path} (${stream.format}): ${[text, ...notes].join("; ")}`);
  const { format, ...plain } = source;
  const pools = format === candidates.format && { pools: poolsOf(solutions) };
  return { solutions, source: plain, withoutSteps, ...pools };
}
