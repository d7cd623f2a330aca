import { createHash, type Hash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { plainBytes, startsWith } from "./bytes.js";
import { DataError } from "./dataError.js";
import { isJson, parseJson } from "./json.js";
import { parquetBatches } from "./parquet.js";
import type { Source } from "./types.js";

export { DataError } from "./dataError.js";

/** The rows of a data file before anything is known of their fields. */
export interface RecordFile {
  readonly path: string;
  readonly records: readonly unknown[];
  /** per record the key of its list, for a JSON object of lists */
  readonly groups?: readonly string[];
  /** sha256 of the file as it is stored */
  readonly source: Source;
}

/** One row of a file, and the key of its list in a JSON object of lists. */
export interface FileRecord {
  /** counts from 0 */
  readonly row: number;
  readonly value: unknown;
  readonly group?: string;
}

/** A data file that is read once, from its beginning, a few rows at a time. */
export interface OpenFile {
  readonly path: string;
  /** some rows from the beginning, to tell the format */
  readonly first: readonly unknown[];
  batches(): AsyncGenerator<readonly FileRecord[]>;
  /** after the last batch */
  source(): Source;
  /** for a file that is not read further */
  close(): Promise<void>;
}

type Row = Omit<FileRecord, "row">;

/** so many rows a batch of lines has at least, but for the last */
const BATCH = 16;
const PARQUET = Buffer.from("PAR1");

/**
 * Opens a JSON array, a JSON object (of lists, or one record), JSON lines or Parquet; JSON optionally gzipped. Lines
 * (of any file whose beginning shows them) and the row groups of Parquet are streamed, so that memory does not grow with
 * the file.
 *
 * @throws DataError for a missing, empty or truncated file, with line and column; those of later lines while reading
 */
export async function openRecords(path: string): Promise<OpenFile> {
  checkFile(path);
  const hash = createHash("sha256");
  const reading = (await startsWith(path, PARQUET))
    ? hashed(path, hash, parquetBatches(path))
    : (await holdsLines(path))
      ? lineBatches(path, hash)
      : wholeBatch(path, hash);
  const first = await reading.next();
  if (first.done) throw new DataError(`${path}: no rows; expected a JSON array or JSON lines`);
  let rows = 0;
  const numbered = (batch: readonly Row[]) => batch.map((record): FileRecord => ({ row: rows++, ...record }));
  return {
    path,
    first: first.value.map(({ value }) => value),
    async *batches() {
      try {
        yield numbered(first.value);
        for await (const batch of reading) yield numbered(batch);
      } finally {
        await reading.return(undefined);
      }
    },
    close: async () => void (await reading.return(undefined)),
    source: () => ({ path, sha256: hash.digest("hex"), rows }),
  };
}

/** All rows of a file at once; see `openRecords`. */
export async function readRecords(path: string): Promise<RecordFile> {
  const file = await openRecords(path);
  const records: unknown[] = [];
  const groups: string[] = [];
  for await (const batch of file.batches()) {
    for (const { value, group } of batch) {
      records.push(value);
      if (group !== undefined) groups.push(group);
    }
  }
  return { path, records, ...(groups.length > 0 && { groups }), source: file.source() };
}

function checkFile(path: string): void {
  if (!existsSync(path)) throw new DataError(`${path}: no such file (looked from ${process.cwd()})`);
  const stat = statSync(path);
  if (stat.isDirectory()) throw new DataError(`${path}: is a folder; name a .json, .jsonl, .parquet or .gz file in it`);
  if (stat.size === 0) throw new DataError(`${path}: the file is empty`);
}

/** Claims that a file is JSON lines: by its name, or since one object is on the first line and another follows. */
async function holdsLines(path: string): Promise<boolean> {
  if (/\.(?:jsonl|ndjson)(?:\.gz)?$/i.test(path)) return true;
  const decoder = new TextDecoder("utf-8");
  let head = "";
  try {
    for await (const chunk of plainBytes(path)) {
      head = (head + decoder.decode(chunk, { stream: true })).trimStart();
      if (head !== "" && !head.startsWith("{")) return false;
      const [, first, next] = /^(\{[^\n]*)\n\s*(\S)/.exec(head) ?? [];
      if (next !== undefined) return next === "{" && isJson(first);
    }
  } catch {
    return false; // what is wrong with it is told when it is read
  }
  return false;
}

async function* wholeBatch(path: string, hash: Hash): AsyncGenerator<readonly Row[]> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of plainBytes(path, hash)) chunks.push(chunk);
  } catch (error) {
    throw new DataError(`${path}: cannot be unzipped, so it is damaged or cut off (${(error as Error).message})`);
  }
  const text = decode(path, Buffer.concat(chunks));
  if (!/\S/.test(text)) throw new DataError(`${path}: the file is empty`);
  const rows = rowsOf(parseJson(text, path), path);
  if (rows.length > 0) yield rows;
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8").decode(bytes);
  } catch {
    const megabytes = Math.round(bytes.length / 1e6);
    throw new DataError(
      `${path}: ${megabytes} MB are too much for one JSON text; write it as .jsonl, one row per line`,
    );
  }
}

function rowsOf(root: unknown, path: string): Row[] {
  if (Array.isArray(root)) return root.map((value) => ({ value: value as unknown }));
  if (typeof root !== "object" || root === null) {
    throw new DataError(`${path}: holds ${JSON.stringify(root).slice(0, 60)}; expected a JSON array, object or lines`);
  }
  const entries = Object.entries(root);
  if (entries.length === 0 || !entries.every(([, list]) => isListOfObjects(list))) return [{ value: root }];
  return (entries as [string, unknown[]][]).flatMap(([group, list]) => list.map((value) => ({ value, group })));
}

async function* lineBatches(path: string, hash: Hash): AsyncGenerator<readonly Row[]> {
  const decoder = new TextDecoder("utf-8");
  let batch: Row[] = [];
  let rest = "";
  let number = 0;
  const add = (line: string) => {
    number++;
    if (line.trim() !== "") batch.push({ value: parseJson(line, `${path}:${number}`) });
  };
  try {
    for await (const chunk of plainBytes(path, hash)) {
      const lines = decoder.decode(chunk, { stream: true }).split("\n");
      lines[0] = rest + lines[0];
      rest = lines.pop() ?? "";
      lines.forEach(add);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    add(rest);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${path}: cannot be read after line ${number} (${(error as Error).message})`);
  }
  if (batch.length > 0) yield batch;
}

async function* hashed(
  path: string,
  hash: Hash,
  batches: AsyncGenerator<readonly unknown[]>,
): AsyncGenerator<readonly Row[]> {
  for await (const batch of batches) yield batch.map((value) => ({ value }));
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "object" && item !== null);
}
