import type { Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline, Transform } from "node:stream";
import { createGunzip } from "node:zlib";

const CHUNK = 1 << 18;
const GZIP = Buffer.from([0x1f, 0x8b]);

/** The bytes of a file in chunks, unzipped where they are gzipped; `hash` takes in the stored ones. */
export async function* plainBytes(path: string, hash?: Hash): AsyncGenerator<Buffer> {
  const zipped = await startsWith(path, GZIP);
  const stored = createReadStream(path, { highWaterMark: CHUNK });
  const hashing = new Transform({
    transform(chunk: Buffer, _, done) {
      hash?.update(chunk);
      done(null, chunk);
    },
  });
  const ignore = () => undefined; // an error also reaches the loop
  const plain = zipped
    ? pipeline(stored, hashing, createGunzip({ chunkSize: CHUNK }), ignore)
    : pipeline(stored, hashing, ignore);
  for await (const chunk of plain) yield chunk as Buffer;
}

/** Claims that a file begins with these bytes. */
export async function startsWith(path: string, magic: Buffer): Promise<boolean> {
  for await (const chunk of createReadStream(path, { end: magic.length - 1 })) return magic.equals(chunk as Buffer);
  return false;
}
