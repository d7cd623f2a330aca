import path from "node:path";
import type { z } from "zod";
import type { Attempt, Derivation } from "./attempt.js";
import type { FileRecord, OpenFile, RecordFile } from "./files.js";
import { questionNames, uniqueNames } from "./identity.js";
import { imageAt, type ImageOptions } from "./images.js";
import { rowReport, validateRow } from "./validate.js";

export interface SolutionOptions extends ImageOptions, Derivation {
  /** what becomes of a row whose response holds no recognisable steps; defaults to "one-step" */
  readonly withoutSteps?: "one-step" | "skip";
  /** the domain of rows for which a format takes the file's name; defaults to that name */
  readonly domain?: string;
}

/** What a reader works with while it goes through one file. */
export interface Sheet {
  /** the domain of rows that name none: the file's name, unless an option says otherwise */
  readonly domain: string;
  readonly options: SolutionOptions;
  /** the wished name, made unique in the file */
  id(wished: string, at: FileRecord): string;
  questionId(question: string, image?: string | null): string;
  image(image: string | null | undefined): string | undefined;
  /** the row does not fit */
  fault(at: FileRecord, field: string, value: unknown, expected: string): void;
  /** counts something that a user should know */
  readonly note: (text: string) => void;
  /** counts a row without recognisable steps; false when it is to be left out */
  withoutSteps(): boolean;
}

/** A format whose rows are whole solutions. */
export interface Reader {
  readonly format: string;
  /** a record with all these fields shows the format; "a.b" is a field of a field, "a|b" either of two */
  readonly fields: readonly string[];
  /** begins a file */
  open(path: string, options: SolutionOptions): SheetReader;
}

export interface SheetReader {
  read(record: FileRecord): readonly Attempt[];
  /** @throws DataError when rows did not fit, naming up to 20 */
  finish(): Remarks;
}

/** What a reader has to say about a file as a whole. */
export interface Remarks {
  readonly withoutSteps: number;
  /** what a user should know about rows that could not be taken as they are */
  readonly notes: readonly string[];
}

/** A reader from the schema of a row and what becomes of a row that fits it. */
export function defineReader<T>(definition: {
  readonly format: string;
  readonly fields: readonly string[];
  readonly row: z.ZodType<T>;
  readonly open: (sheet: Sheet) => (row: T, at: FileRecord) => readonly Attempt[];
}): Reader {
  const { format, fields, row: schema, open } = definition;
  return {
    format,
    fields,
    open(path, options) {
      const report = rowReport(path);
      const names = questionNames();
      const notes = new Map<string, number>();
      let withoutSteps = 0;
      const read = open({
        domain: options.domain ?? fileDomain(path),
        options,
        id: uniqueNamesOf(),
        questionId: (question, image) => names.of(question, image),
        image: (image) => imageAt(image, path, options),
        fault: (at, field, value, expected) => {
          report.add(at, field, value, expected);
        },
        note: (text) => notes.set(text, (notes.get(text) ?? 0) + 1),
        withoutSteps: () => {
          withoutSteps++;
          return options.withoutSteps !== "skip";
        },
      });
      return {
        read(record) {
          const row = validateRow(record, schema, report);
          return row === undefined ? [] : read(row, record);
        },
        finish() {
          report.throwIfAny();
          return { withoutSteps, notes: [...notes].map(([text, count]) => `${count} ${text}`) };
        },
      };
    },
  };
}

function uniqueNamesOf(): Sheet["id"] {
  const unique = uniqueNames();
  return (wished, { row }) => unique(wished, row);
}

/** Reads all of a file that is in memory. */
export function readAll(
  reader: Reader,
  { path, records, groups }: RecordFile,
  options: SolutionOptions,
): Remarks & { attempts: readonly Attempt[] } {
  const sheet = reader.open(path, options);
  const attempts = records.flatMap((value, row) => sheet.read({ row, value, ...(groups && { group: groups[row] }) }));
  return { ...sheet.finish(), attempts };
}

/** Reads a file batch by batch; the remarks are the generator's result. */
export async function* readStream(
  reader: Reader,
  file: OpenFile,
  options: SolutionOptions,
): AsyncGenerator<readonly Attempt[], Remarks> {
  const sheet = reader.open(file.path, options);
  for await (const batch of file.batches()) yield batch.flatMap((record) => sheet.read(record));
  return sheet.finish();
}

/** A file's name without folder and endings. */
export function fileDomain(file: string): string {
  return path.basename(file).replace(/\.(?:json|jsonl|ndjson|parquet)?(?:\.gz)?$/i, "");
}
