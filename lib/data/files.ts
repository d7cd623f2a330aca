import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip, gunzip } from "node:zlib";
import type { Source } from "./types.js";

/** A file that cannot be used as data; the message names file, place, value and remedy. */
export class DataError extends Error {
  override readonly name = "DataError";
}

/** The rows of a data file before anything is known of their fields. */
export interface RecordFile {
  readonly path: string;
  readonly records: readonly unknown[];
  /** per record the key of its list, for a JSON object of lists */
  readonly groups?: readonly string[];
  /** sha256 of the file as it is stored */
  readonly source: Source;
}

/**
 * Reads a JSON array, a JSON object (of lists, or one record) or JSON lines, each optionally gzipped. Lines are
 * streamed, so a file of lines may be larger than a string can be.
 *
 * `NaN` and `Infinity`, which Python writes and JSON does not know, arrive as texts, so that validation names the row.
 *
 * @throws DataError for a missing, empty or truncated file, with line and column
 */
export async function readRecords(path: string): Promise<RecordFile> {
  checkFile(path);
  const lines = /\.(?:jsonl|ndjson)(?:\.gz)?$/i.test(path);
  const { records, groups, sha256 } = await (lines ? readLines(path) : readWhole(path));
  if (records.length === 0) throw new DataError(`${path}: no rows; expected a JSON array or JSON lines`);
  return { path, records, ...(groups && { groups }), source: { path, sha256, rows: records.length } };
}

interface Parsed {
  readonly records: unknown[];
  readonly groups?: string[];
}

function checkFile(path: string): void {
  if (!existsSync(path)) throw new DataError(`${path}: no such file (looked from ${process.cwd()})`);
  const stat = statSync(path);
  if (stat.isDirectory()) throw new DataError(`${path}: is a folder; name a .json, .jsonl or .gz file in it`);
  if (stat.size === 0) throw new DataError(`${path}: the file is empty`);
}

async function readWhole(path: string): Promise<Parsed & { sha256: string }> {
  const bytes = await readFile(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? await inflate(path, bytes) : bytes;
  const text = decode(path, plain);
  if (!/\S/.test(text)) throw new DataError(`${path}: the file is empty`);
  return { ...parseWhole(path, text), sha256 };
}

async function inflate(path: string, bytes: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes);
  } catch (error) {
    throw new DataError(`${path}: cannot be unzipped, so it is damaged or cut off (${(error as Error).message})`);
  }
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

function parseWhole(path: string, text: string): Parsed {
  const firstLine = /^\s*(\{[^\n]*\})\s*\n\s*\{/.exec(text)?.[1];
  if (firstLine !== undefined && isJson(firstLine)) {
    const records = text
      .split("\n")
      .flatMap((line, i) => (line.trim() === "" ? [] : [parse(line, `${path}:${i + 1}`)]));
    return { records };
  }
  const root = parse(text, path);
  if (Array.isArray(root)) return { records: root };
  if (typeof root !== "object" || root === null) {
    throw new DataError(`${path}: holds ${JSON.stringify(root).slice(0, 60)}; expected a JSON array, object or lines`);
  }
  const entries = Object.entries(root);
  if (entries.length === 0 || !entries.every(([, list]) => isListOfObjects(list))) return { records: [root] };
  const lists = entries as [string, unknown[]][];
  return {
    records: lists.flatMap(([, list]) => list),
    groups: lists.flatMap(([key, list]) => list.map(() => key)),
  };
}

async function readLines(path: string): Promise<Parsed & { sha256: string }> {
  const hash = createHash("sha256");
  const records: unknown[] = [];
  let number = 0;
  const add = (line: string) => {
    number++;
    if (line.trim() !== "") records.push(parse(line, `${path}:${number}`));
  };
  try {
    await pipeline(
      createReadStream(path),
      async function* (bytes: AsyncIterable<Buffer>) {
        for await (const chunk of bytes) {
          hash.update(chunk);
          yield chunk;
        }
      },
      /\.gz$/i.test(path) ? createGunzip() : new PassThrough(),
      async (bytes: AsyncIterable<Buffer>) => {
        const decoder = new TextDecoder("utf-8");
        let rest = "";
        for await (const chunk of bytes) {
          const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
          rest = lines.pop() ?? "";
          lines.forEach(add);
        }
        add(rest);
      },
    );
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${path}: cannot be read after line ${number} (${(error as Error).message})`);
  }
  return { records, sha256: hash.digest("hex") };
}

/** @param where file, or file:line when `text` is one line of it */
function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const quoted = quoteNonFinite(text);
    if (quoted !== text && isJson(quoted)) return JSON.parse(quoted);
    throw new DataError(syntaxError(text, where, (error as Error).message));
  }
}

/** "NaN" for NaN, outside of strings */
function quoteNonFinite(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (match) =>
    match[0] === '"' ? match : `"${match}"`,
  );
}

function isJson(text: string): boolean {
  return faultOf(text) === undefined;
}

function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function syntaxError(text: string, where: string, message: string): string {
  const position = errorPosition(text, message);
  const before = text.slice(0, position);
  const [line, column] = [before.split("\n").length, position - before.lastIndexOf("\n")];
  const place = /:\d+$/.test(where) ? `column ${column}` : `line ${line}, column ${column}`;
  const excerpt = JSON.stringify(text.slice(Math.max(0, position - 40), position + 20));
  const cut =
    position >= text.trimEnd().length ? "the text ends too early, so the file is cut off" : "is not valid JSON";
  return `${where}: ${place}: ${cut}, near ${excerpt} (${message.split("\n")[0]})`;
}

/** Node names the position of some faults only; the others are found as the shortest text that has them. */
function errorPosition(text: string, message: string): number {
  const named = positionIn(message, text.length);
  if (named !== undefined) return named;
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const fault = faultOf(text.slice(0, middle));
    if (fault === undefined || positionIn(fault, middle) === middle) good = middle;
    else bad = middle;
  }
  return good;
}

function positionIn(message: string, length: number): number | undefined {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return Number(position);
  return /end of JSON|Unterminated/.test(message) ? length : undefined;
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "object" && item !== null);
}
