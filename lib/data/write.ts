import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

/** characters that are put together before they are written */
const CHUNK = 1 << 16;

/**
 * Writes rows as they come, as JSON lines where the name ends in .jsonl, else as a JSON array; gzipped where it ends in
 * .gz. The file appears when it is whole, and nothing of it stays when the rows end in an error.
 *
 * @returns the number of rows
 */
export async function writeRows(file: string, rows: AsyncIterable<object> | Iterable<object>): Promise<number> {
  await mkdir(path.dirname(path.resolve(file)), { recursive: true });
  const unfinished = `${file}.${process.pid}.part`;
  let count = 0;
  async function* texts() {
    const lines = /\.(?:jsonl|ndjson)(?:\.gz)?$/i.test(file);
    let text = lines ? "" : "[\n";
    for await (const row of rows) {
      if (count++ > 0) text += lines ? "\n" : ",\n";
      text += JSON.stringify(row);
      if (text.length < CHUNK) continue;
      yield text;
      text = "";
    }
    yield text + (lines ? "\n" : "\n]\n");
  }
  try {
    const source = Readable.from(texts(), { highWaterMark: 4 });
    if (/\.gz$/i.test(file)) await pipeline(source, createGzip(), createWriteStream(unfinished));
    else await pipeline(source, createWriteStream(unfinished));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return count;
}
