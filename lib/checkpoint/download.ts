import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { HubUnreachable, isBroken } from "./hubFetch.js";

/** A file of the hub and the content that it must have. */
export interface RemoteFile {
  readonly url: string;
  readonly size: number;
  /** of the content, or as git computes it: SHA-1 of "blob SIZE\0" and the content */
  readonly checksum: { readonly algorithm: "sha256" | "git-sha1"; readonly hex: string };
}

export interface DownloadOptions {
  readonly fetch: typeof fetch;
  /** before the second of several attempts in vain, then twice as long each time, milliseconds */
  readonly retryDelayMs: number;
  /** bytes that have just come, or were there already */
  readonly onBytes: (bytes: number) => void;
}

/** Attempts in a row that bring no byte. */
const ATTEMPTS = 5;

/**
 * Downloads a file to `target`, which appears when its checksum is right. What an earlier attempt left in
 * `target.incomplete` is gone on from; what comes from another process at the same time is waited for.
 *
 * @throws Error when the checksum is wrong (the partial file is deleted), the disk is full or too small, or the
 *   connection breaks again and again (the partial file stays)
 */
export async function download(file: RemoteFile, target: string, options: DownloadOptions): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  const release = await locked(target);
  try {
    const size = await sizeOf(target);
    if (size === file.size) options.onBytes(size);
    else await transfer(file, target, options);
  } finally {
    await release().catch(() => undefined); // lost while the computer slept, perhaps
  }
}

async function locked(target: string): Promise<() => Promise<void>> {
  // loaded only here: its signal handlers would end a training that runs under `nohup`
  const { lock } = await import("proper-lockfile");
  const options = { lockfilePath: `${target}.lock`, realpath: false, stale: 10_000, onCompromised: () => undefined };
  for (;;) {
    try {
      return await lock(target, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw error;
      await wait(200);
    }
  }
}

async function transfer(file: RemoteFile, target: string, options: DownloadOptions): Promise<void> {
  const incomplete = `${target}.incomplete`;
  const there = await sizeOf(incomplete);
  if (there !== undefined && there > file.size) await rm(incomplete);
  const { bavail, bsize } = await statfs(path.dirname(target));
  const free = bavail * bsize; // 0 where the file system does not say
  const needed = file.size - ((await sizeOf(incomplete)) ?? 0);
  if (free > 0 && needed > free) throw diskFull(target, `${needed} bytes more are needed, ${free} are free`);
  const handle = await open(incomplete, "a");
  try {
    const hash = await hashOf(file, incomplete, (await handle.stat()).size);
    await receive(file, handle, hash, options).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOSPC" || error.code === "EDQUOT" ? diskFull(target, error.code) : error;
    });
    const found = hash.digest("hex");
    if (found !== file.checksum.hex) {
      await rm(incomplete);
      const { algorithm, hex } = file.checksum;
      throw new Error(
        `${file.url} came with ${algorithm} ${found} instead of ${hex}; what came was deleted: try again, and if it ` +
          "happens again, what serves it (HF_ENDPOINT, a proxy) changes files",
      );
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(incomplete, target);
}

/** Appends what is missing, over as many connections as bring at least a byte. */
async function receive(file: RemoteFile, handle: FileHandle, hash: Hash, options: DownloadOptions): Promise<void> {
  let { size: done } = await handle.stat();
  options.onBytes(done);
  for (let attempt = 1; done < file.size; attempt++) {
    try {
      const response = await options.fetch(file.url, { headers: done > 0 ? { range: `bytes=${done}-` } : {} });
      let skip = response.status === 206 ? done - rangeStart(response) : done; // 200 sends the whole file again
      if (skip < 0) throw new HubUnreachable(`${file.url}: bytes from ${done} were asked for, others came`);
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
        const bytes = part.subarray(skip, skip + file.size - done);
        skip = Math.max(0, skip - part.length);
        await handle.appendFile(bytes);
        hash.update(bytes);
        done += bytes.length;
        options.onBytes(bytes.length);
        if (bytes.length > 0) attempt = 0;
        if (done === file.size) break;
      }
      if (done < file.size) throw new HubUnreachable(`${file.url} ended at byte ${done} of ${file.size}`);
    } catch (error) {
      if (!isBroken(error)) throw error;
      const why = error instanceof HubUnreachable ? error.message : `${file.url}: the connection broke`;
      if (attempt >= ATTEMPTS) {
        throw new HubUnreachable(
          `${why}; ${done} of ${file.size} bytes are kept, the next attempt goes on from there`,
          {
            cause: error,
          },
        );
      }
      await wait(options.retryDelayMs * 2 ** Math.max(0, attempt - 1));
    }
  }
}

const rangeStart = (response: Response) =>
  Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? 0);

/** With the bytes that are there already. */
async function hashOf({ size, checksum }: RemoteFile, incomplete: string, there: number): Promise<Hash> {
  const hash = createHash(checksum.algorithm === "sha256" ? "sha256" : "sha1");
  if (checksum.algorithm === "git-sha1") hash.update(`blob ${size}\0`);
  if (there > 0) {
    for await (const part of createReadStream(incomplete, { end: there - 1 })) hash.update(part as Buffer);
  }
  return hash;
}

const sizeOf = async (file: string) => (await stat(file).catch(() => undefined))?.size;

const diskFull = (target: string, why: string) =>
  new Error(
    `the disk is full: ${why} in ${path.dirname(target)}; free some, or set HF_HOME to a folder on another disk`,
  );
