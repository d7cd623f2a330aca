import { mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { writeParts } from "../core/safetensorsFile.js";

/** A model's place in the cache that Hugging Face's libraries share. */
export interface CachedRepo {
  /** content by checksum */
  readonly blob: (etag: string) => string;
  /** a commit's files, links to blobs */
  readonly snapshot: (commit: string) => string;
  /** the commit that a branch or tag last stood for, where it is known; a commit's hash stands for itself */
  readonly commitOf: (revision: string) => Promise<string | undefined>;
  readonly remember: (revision: string, commit: string) => Promise<void>;
  /** Shows a blob as a file of a commit. */
  readonly link: (etag: string, commit: string, file: string) => Promise<void>;
}

export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

/**
 * `models--ORG--NAME/` with `blobs/`, `refs/` and `snapshots/`.
 *
 * Differs from Python's library where links are not allowed (Windows): the blob itself moves to the snapshot.
 */
export function cachedRepo(cacheDir: string, repo: string): CachedRepo {
  const folder = path.join(cacheDir, ["models", ...repo.split("/")].join("--"));
  const blob = (etag: string) => path.join(folder, "blobs", etag);
  const snapshot = (commit: string) => path.join(folder, "snapshots", commit);
  const ref = (revision: string) => path.join(folder, "refs", revision);
  return {
    blob,
    snapshot,
    async commitOf(revision) {
      if (isCommit(revision)) return revision;
      const commit = (await readFile(ref(revision), "utf8").catch(() => "")).trim();
      return isCommit(commit) ? commit : undefined;
    },
    async remember(revision, commit) {
      if (revision === commit) return;
      await mkdir(path.dirname(ref(revision)), { recursive: true });
      await writeParts(ref(revision), [Buffer.from(commit)]);
    },
    async link(etag, commit, file) {
      const pointer = path.join(snapshot(commit), file);
      await mkdir(path.dirname(pointer), { recursive: true });
      await rm(pointer, { force: true });
      await symlink(path.relative(path.dirname(pointer), blob(etag)), pointer).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "EPERM") return rename(blob(etag), pointer);
        throw error;
      });
    },
  };
}
