import type { Hash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { Transform } from "node:stream";
import { z } from "zod";
import { parseOptions } from "../../core/check.js";
import { type Artifact, checkVersion, RUN_SCHEMA } from "../record.js";

/** The last entry of an archive: what all others are. */
export const MANIFEST = "manifest.json";

export interface ArchivedFile {
  /** `RUN-ID/path`, with forward slashes */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface Manifest {
  /** that of run.json */
  readonly schema: number;
  readonly files: readonly ArchivedFile[];
}

const manifestSchema = z.object({
  schema: z.number(),
  files: z.array(z.object({ path: z.string(), sha256: z.string(), bytes: z.number() })),
});

/** @throws Error naming the version when it is newer; TypeError naming every wrong field */
export function parseManifest(value: unknown, file: string): Manifest {
  checkVersion(value, file, RUN_SCHEMA);
  return parseOptions<Manifest>(manifestSchema, value, file);
}

/** Claims, locks, and what `write-file-atomic` and `keepArtifact` are still writing. */
const UNFINISHED = /^\.|^[^/]*\.\d+$|\/\.[^/]*\.[\w-]{8}$/;

/**
 * Paths below a run's folder with forward slashes, without what is still being written. run.json and other JSON come
 * first: what they speak of was written before them.
 *
 * @throws Error naming a link, device or the like
 */
export async function runFiles(folder: string, artifacts: readonly Artifact[]): Promise<string[]> {
  const kept = new Set(artifacts.map(({ name }) => `artifacts/${name}`));
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({
      path: relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"),
      isFile: entry.isFile(),
    }))
    .filter(({ path }) => kept.has(path) || !UNFINISHED.test(path));
  const odd = entries.find(({ isFile }) => !isFile);
  if (odd) throw new Error(`${join(folder, odd.path)} is a link or no file: put the file itself there`);
  const rank = (path: string) => `${path === "run.json" ? 0 : isRecord(path) ? 1 : 2}${path}`;
  return entries.map(({ path }) => path).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** Claims that a path below a run's folder is one of the tracker's own JSON files. */
export const isRecord = (path: string): boolean => /^[^/]*\.json$/.test(path);

/** Passes bytes on and takes in their hash. */
export const hashing = (hash: Hash): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
