import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { DataError } from "./files.js";
import { checkSolutionOptions } from "./options.js";
import { readSolutions, type SolutionSetOptions, summarise } from "./solutions.js";
import type { Solution, Source } from "./types.js";

export interface Imported {
  readonly solutions: readonly Solution[];
  readonly sources: readonly (Source & { readonly format: string })[];
  readonly withoutSteps: number;
  /** what a user should know about rows that could not be taken as they are, with their file */
  readonly notes: readonly string[];
}

/**
 * Reads solutions from files or folders in foreign formats, each recognised by its first records: MR-Ben,
 * BIG-Bench-Mistake, ProcessBench, DreamPRM meta, DreamPRM-1.5 conversations.
 *
 * @throws DataError for an unknown or ambiguous file, listing what was looked for
 */
export async function importSource(paths: readonly string[], options: SolutionSetOptions = {}): Promise<Imported> {
  checkSolutionOptions(options, "importSource");
  const solutions: Solution[] = [];
  const sources: Imported["sources"][number][] = [];
  const notes: string[] = [];
  let withoutSteps = 0;
  for (const file of paths.flatMap(dataFiles)) {
    const { file: records, reader, reading } = await readSolutions(file, options);
    for (const solution of reading.solutions) solutions.push(solution);
    sources.push({ ...records.source, format: reader.format });
    notes.push(...reading.notes.map((note) => `${file}: ${note}`));
    withoutSteps += reading.withoutSteps;
    if (!options.quiet)
      console.log(`${file} (${reader.format}): ${[summarise(reading, options), ...reading.notes].join("; ")}`);
  }
  return { solutions, sources, withoutSteps, notes };
}

function dataFiles(place: string): string[] {
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) return [place];
  const files = readdirSync(place)
    .filter((name) => /\.(?:json|jsonl|ndjson)(?:\.gz)?$/i.test(name))
    .sort();
  if (files.length === 0) throw new DataError(`${place}: no .json, .jsonl or .gz file in this folder`);
  return files.map((name) => path.join(place, name));
}
