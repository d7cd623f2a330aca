import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { crc32, createGzip } from "node:zlib";
import { pack, type Pack } from "tar-stream";
import { isJson } from "../../data/json.js";
import { unwritable } from "../adapter.js";
import { LogReader } from "../eventReader.js";
import { eventLine, type RunEvent } from "../events.js";
import { stringify } from "../plain.js";
import { RUN_SCHEMA, type RunData } from "../record.js";
import { readRun } from "../runIndex.js";
import type { RunRecord } from "../runRecord.js";
import { seal } from "../seal.js";
import type { Store } from "../store.js";
import { type ArchivedFile, hashing, isRecord, MANIFEST, runFiles } from "./runFiles.js";

/** What was packed. */
export interface PackedRuns {
  readonly ids: readonly string[];
  readonly files: number;
  /** of the files, before they were compressed */
  readonly bytes: number;
}

/**
 * Writes whole run folders into one `.tar.gz`, with the SHA-256 of every file; `unpackRuns` adds them to another store.
 * Of a run that is being written, the archive holds what was logged up to some moment, as a run that was interrupted
 * then. Files are streamed; the archive appears when it is whole.
 *
 * @param ids  of runs, or their beginnings
 * @throws RangeError without ids; Error as `store.read`, for a link in a run's folder, or when a file was cut meanwhile
 * @example
 * await packRuns(store, (await store.list({ group: "demo" })).map((run) => run.id), "demo.tar.gz");
 */
export async function packRuns(store: Store, ids: readonly string[], file: string): Promise<PackedRuns> {
  if (ids.length === 0) throw new RangeError(`${file}: no runs to pack; does the filter match any?`);
  const records = new Map<string, RunRecord>();
  for (const id of ids) {
    const record = await store.read(id);
    records.set(record.id, record);
  }
  const unfinished = `${file}.${process.pid}.part`;
  const archive = pack();
  const files: ArchivedFile[] = [];
  const fill = async () => {
    for (const record of records.values()) await addRun(archive, record, files);
    await addBytes(archive, MANIFEST, Buffer.from(`${JSON.stringify({ schema: RUN_SCHEMA, files }, null, 2)}\n`));
    archive.finalize();
  };
  try {
    await Promise.all([
      fill().catch((error: Error) => {
        archive.destroy(error);
        throw error;
      }),
      pipeline(archive, createGzip(), createWriteStream(unfinished)).catch((error: unknown) => {
        throw unwritable(file, error);
      }),
    ]);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return { ids: [...records.keys()], files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function addRun(archive: Pack, { id, folder, status }: RunRecord, files: ArchivedFile[]): Promise<void> {
  const data = readRun(join(folder, "run.json"));
  const ending = status === "running" && data.status === "running" ? endOf(data) : undefined;
  for (const path of await runFiles(folder, data.artifacts)) {
    const [source, name] = [join(folder, path), `${id}/${path}`];
    if (ending && path === "run.json") files.push(await addBytes(archive, name, ending.record));
    else if (isRecord(path)) files.push(await addBytes(archive, name, await readWhole(source)));
    else files.push(await addFile(archive, name, source, path === "events.jsonl" ? ending?.lastEvent : undefined));
  }
}

interface Ending {
  /** run.json */
  readonly record: Buffer;
  /** @param before  the line of the log before it, "" when it is the first */
  readonly lastEvent: (before: string) => Buffer;
}

/** Ends the copy of a run that is being written. */
function endOf(data: RunData): Ending {
  const [now, status, reason] = [new Date(), "interrupted", "packed while it was running"] as const;
  const event: RunEvent = { type: "status", t: now.getTime(), status, reason };
  return {
    record: Buffer.from(`${seal(stringify({ ...data, status, reason, endedAt: now.toISOString() }, 2))}\n`),
    lastEvent: (before) => {
      const reader = new LogReader({ id: data.id, sealed: data.schema > 1 });
      reader.read(before, true);
      return Buffer.from(eventLine(stringify(event), reader.next, crc32(data.id)));
    },
  };
}

/** alpha.json changes in place: a reading may fall into a change, the next one does not. A damaged file stays as it is. */
async function readWhole(file: string): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    const bytes = await readFile(file);
    if (attempt === 20 || isJson(bytes.toString())) return bytes;
  }
}

async function addBytes(archive: Pack, path: string, bytes: Buffer): Promise<ArchivedFile> {
  await new Promise<void>((resolve, reject) =>
    archive.entry({ name: path }, bytes, (error) => (error ? reject(error) : resolve())),
  );
  return { path, sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
}

/** Takes the file as long as it is now, for it may grow; of a log that is being written the whole lines, and its end. */
async function addFile(
  archive: Pack,
  path: string,
  source: string,
  lastEvent?: Ending["lastEvent"],
): Promise<ArchivedFile> {
  const handle = await open(source);
  try {
    const { size, mtime } = await handle.stat();
    const { end, line } = lastEvent ? await lastLine(handle, size) : { end: size, line: "" };
    const last = lastEvent?.(line) ?? Buffer.alloc(0);
    const bytes = end + last.length;
    const hash = createHash("sha256");
    const content = async function* () {
      if (end > 0) yield* handle.createReadStream({ start: 0, end: end - 1, autoClose: false });
      yield last;
    };
    await pipeline(content, hashing(hash), archive.entry({ name: path, size: bytes, mtime })).catch((cause: Error) => {
      throw new Error(`${source} changed while it was packed (${cause.message}): pack it again`, { cause });
    });
    return { path, sha256: hash.digest("hex"), bytes };
  } finally {
    await handle.close();
  }
}

/** The last whole line within the first `size` bytes of a file, and where it ends. */
async function lastLine(handle: FileHandle, size: number): Promise<{ end: number; line: string }> {
  for (let length = 1 << 16; ; length *= 2) {
    const start = Math.max(0, size - length);
    const { buffer } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    const end = buffer.lastIndexOf(10);
    const begin = end > 0 ? buffer.lastIndexOf(10, end - 1) : -1;
    if (begin !== -1 || start === 0)
      return { end: start + end + 1, line: buffer.toString("utf8", begin + 1, Math.max(end, 0)) };
  }
}
