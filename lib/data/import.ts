import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import type { Derivation, Labelled } from "./attempt.js";
import { DataError } from "./files.js";
import { checkSolutionOptions } from "./options.js";
import type { SolutionOptions } from "./reader.js";
import type { SolutionSetOptions } from "./solutions.js";
import { type FileSummary, openSolutions, type SolutionStream } from "./stream.js";
import type { Solution, Source } from "./types.js";

/** What was imported and how labels were made from labels of another kind; plain data, for a run to store. */
export interface ImportRecord {
  readonly sources: readonly (Source & Pick<FileSummary, "evidence" | "outcomes"> & { readonly format: string })[];
  /** the choices that were made, or that hold where none was */
  readonly derivation: Required<Omit<Derivation, "outcome">> & {
    readonly outcome: NonNullable<Derivation["outcome"]> | "refused";
  };
  readonly withoutSteps: number;
  /** what a user should know about rows that could not be taken as they are, with their file */
  readonly notes: readonly string[];
}

export interface Imported extends ImportRecord {
  readonly solutions: readonly Solution[];
}

/** Solutions of several files, one file after the other; the record is there after the last. */
export interface ImportStream {
  labelled(): AsyncGenerator<Labelled>;
  solutions(): AsyncGenerator<Solution>;
  record(): ImportRecord;
}

/**
 * Opens files or folders in foreign formats, each recognised by its first records (see `sources/`). Lines and Parquet
 * are streamed: memory holds a few rows at a time, besides names that must be unique.
 *
 * @throws DataError for an unknown or ambiguous file, listing what was looked for
 */
export function openImport(paths: readonly string[], options: SolutionSetOptions = {}): ImportStream {
  const { quiet, ...reading } = options;
  const summaries: FileSummary[] = [];
  async function* each<T>(read: (stream: SolutionStream) => AsyncIterable<readonly T[]>): AsyncGenerator<T> {
    for (const file of paths.flatMap(dataFiles)) {
      const stream = await openSolutions(file, reading);
      for await (const batch of read(stream)) yield* batch;
      const summary = stream.summary();
      summaries.push(summary);
      if (!quiet) console.log(`${file} (${stream.format}): ${[summary.text, ...summary.notes].join("; ")}`);
    }
  }
  return {
    labelled: () => each((stream) => stream.labelled()),
    solutions: () => each((stream) => stream.solutions()),
    record: () => recordOf(summaries, reading),
  };
}

/** Reads solutions from files or folders in foreign formats into memory; see `openImport`. */
export async function importSource(paths: readonly string[], options: SolutionSetOptions = {}): Promise<Imported> {
  checkSolutionOptions(options, "importSource");
  const stream = openImport(paths, options);
  const solutions: Solution[] = [];
  for await (const solution of stream.solutions()) solutions.push(solution);
  return { solutions, ...stream.record() };
}

function recordOf(
  summaries: readonly FileSummary[],
  { afterError = "wrong", neutral = "unlabelled", outcome }: SolutionOptions,
): ImportRecord {
  return {
    sources: summaries.map(({ source, evidence, outcomes }) => ({ ...source, evidence, outcomes })),
    derivation: { afterError, neutral, outcome: outcome ?? "refused" },
    withoutSteps: summaries.reduce((sum, { withoutSteps }) => sum + withoutSteps, 0),
    notes: summaries.flatMap(({ source, notes }) => notes.map((note) => `${source.path}: ${note}`)),
  };
}

function dataFiles(place: string): string[] {
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) return [place];
  const files = readdirSync(place)
    .filter((name) => /\.(?:(?:json|jsonl|ndjson)(?:\.gz)?|parquet)$/i.test(name) && !isImportRecord(name))
    .sort();
  if (files.length === 0) throw new DataError(`${place}: no .json, .jsonl, .parquet or .gz file in this folder`);
  return files.map((name) => path.join(place, name));
}

/** The file that keeps the record of an import, next to what was written. */
export function importRecordPath(file: string): string {
  return `${file.replace(/\.(?:json|jsonl|ndjson)(?:\.gz)?$/i, "")}.import.json`;
}

function isImportRecord(name: string): boolean {
  return /(?:^|\.)import\.json$/i.test(name);
}
