import { type AsyncBuffer, asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { gunzipSync } from "node:zlib";
import { DataError } from "./dataError.js";

/**
 * The rows of a Parquet file (uncompressed, Snappy or gzip), one row group after the other, as plain objects; whole
 * numbers of 64 bits become numbers.
 *
 * @throws DataError when the file is cut off or compressed in another way
 */
export async function* parquetBatches(path: string): AsyncGenerator<readonly unknown[]> {
  try {
    const file: AsyncBuffer = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const compressors = { GZIP: (input: Uint8Array) => gunzipSync(input) };
    let rowStart = 0;
    for (const { num_rows: rows } of metadata.row_groups) {
      const rowEnd = rowStart + Number(rows);
      const records = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      if (records.length > 0) yield records.map(plain);
      rowStart = rowEnd;
    }
  } catch (error) {
    throw new DataError(`${path}: cannot be read as Parquet (${(error as Error).message}); convert it to .jsonl`);
  }
}

/** Whole numbers of 64 bits as numbers, throughout. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
