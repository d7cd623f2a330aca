import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { StepInput } from "../data/types.js";
import type { FeatureRows } from "./rows.js";

/**
 * Rows from `folder`, or computed and stored there. The file's name is the SHA-256 of options and texts; a file that is
 * truncated or damaged is computed again.
 *
 * File: SHA-256 of the rest (32 bytes), rows, size and number of entries (uint32 each), indptr, indices, values, all in
 * the machine's byte order.
 *
 * @throws Error that names the folder when it cannot be written
 */
export async function cachedRows(
  folder: string,
  options: string,
  inputs: readonly StepInput[],
  size: number,
  encode: (inputs: readonly StepInput[]) => FeatureRows,
): Promise<FeatureRows> {
  const file = join(folder, `${keyOf(options, inputs)}.features`);
  const stored = await readFile(file).then(decode, () => undefined);
  if (stored && stored.rows === inputs.length && stored.size === size) return stored;
  const features = encode(inputs);
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(file, encodeFile(features));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`features cannot be stored in ${folder}: ${reason}; choose another cache folder or none`, {
      cause,
    });
  }
  return features;
}

function keyOf(options: string, inputs: readonly StepInput[]): string {
  const hash = createHash("sha256").update(options);
  for (const { question, steps } of inputs) hash.update(JSON.stringify([question, steps]));
  return hash.digest("hex");
}

const digestBytes = 32;
const headerBytes = digestBytes + 12;

function encodeFile({ rows, size, indptr, indices, values }: FeatureRows): Buffer {
  const body = Buffer.concat([new Uint32Array([rows, size, indices.length]), indptr, indices, values].map(bytesOf));
  return Buffer.concat([digest(body), body]);
}

function decode(file: Buffer): FeatureRows | undefined {
  if (file.length < headerBytes || !digest(file.subarray(digestBytes)).equals(file.subarray(0, digestBytes))) {
    return undefined;
  }
  // copied, so that the arrays start at a multiple of four bytes
  const { buffer } = Uint8Array.from(file.subarray(digestBytes));
  const [rows, size, entries] = new Uint32Array(buffer, 0, 3);
  if (buffer.byteLength !== 4 * (3 + rows + 1 + 2 * entries)) return undefined;
  const indptr = new Int32Array(buffer, 12, rows + 1);
  const indices = new Int32Array(buffer, 12 + 4 * (rows + 1), entries);
  return { rows, size, indptr, indices, values: new Float32Array(buffer, 12 + 4 * (rows + 1 + entries), entries) };
}

function digest(body: Buffer): Buffer {
  return createHash("sha256").update(body).digest();
}

function bytesOf(array: Uint32Array | Int32Array | Float32Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
