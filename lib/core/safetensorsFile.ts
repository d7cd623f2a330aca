import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { type Header, MAX_HEADER, parseHeader } from "./safetensorsHeader.js";

/** A file whose header has been read; the tensors' bytes stay on the disk until they are asked for. */
export interface SafetensorsFile extends Header {
  readonly path: string;
  /** Fills `target` with the data from byte `start` on (counted as in {@link Header}). */
  readonly readInto: (target: Uint8Array, start: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a SafeTensors file and reads its header. The caller closes it.
 *
 * @throws Error naming the file and what is wrong with its header
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const first = size >= 8 ? await bytesAt(handle, path, 0, 8) : undefined;
    if (first?.toString("latin1") === "version ") {
      throw new Error(`${path} is a pointer of Git LFS, not the weights: run "git lfs pull" in its folder`);
    }
    const length = first === undefined ? Infinity : Number(first.readBigUInt64LE());
    if (length > Math.min(size - 8, MAX_HEADER)) {
      throw new Error(`${path} is no SafeTensors file: its header would be ${length} bytes long`);
    }
    const data = 8 + length;
    return {
      path,
      ...parseHeader(path, await bytesAt(handle, path, 8, length), size - data),
      readInto: (target, start) => fill(handle, path, target, data + start),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Writes a file part by part under another name and gives it its name when it is whole and on the disk; nothing of it
 * stays when a part ends in an error.
 */
export async function writeParts(path: string, parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString("hex")}.part`;
  try {
    const handle = await open(unfinished, "wx");
    try {
      for await (const part of parts) await writeAll(handle, part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** The bytes of a typed array, not copied. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** One call of the operating system moves less than 2 GiB. */
const LARGEST_CALL = 2 ** 30;

async function bytesAt(handle: FileHandle, path: string, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await fill(handle, path, bytes, position);
  return bytes;
}

async function fill(handle: FileHandle, path: string, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const length = Math.min(target.length - done, LARGEST_CALL);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0) throw new Error(`${path} ends at byte ${position + done}: it was cut while it was read`);
    done += bytesRead;
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, Math.min(bytes.length - done, LARGEST_CALL))).bytesWritten;
  }
}
