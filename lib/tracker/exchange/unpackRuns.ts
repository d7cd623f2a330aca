import { createHash } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync } from "node:fs";
import { open, rm, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { errorText } from "../../core/errorText.js";
import { DataError } from "../../data/dataError.js";
import { parseJson } from "../../data/json.js";
import { unwritable, WriteError } from "../adapter.js";
import { hashOf } from "../artifacts.js";
import { RUN_ID } from "../record.js";
import { readRun } from "../runIndex.js";
import type { Store } from "../store.js";
import { type ArchivedFile, hashing, type Manifest, MANIFEST, parseManifest, runFiles } from "./runFiles.js";
import { addRuns } from "./staging.js";

/** What became of an archive's runs. */
export interface UnpackedRuns {
  readonly imported: readonly string[];
  /** the store had them already, file by file the same */
  readonly skipped: readonly string[];
}

/**
 * Adds the runs of an archive of `packRuns` to a store, under their ids: all of them, or none when anything is wrong.
 *
 * @throws DataError naming the archive and the entry: damaged or cut off, a hash that differs from the manifest, a path
 *   that leads elsewhere, a link, a newer schema version, an id that the store has with other content
 * @example
 * const { imported, skipped } = await unpackRuns(store, "demo.tar.gz");
 */
export async function unpackRuns(store: Store, file: string): Promise<UnpackedRuns> {
  return addRuns(store, async (staging) => {
    const { found, manifest } = await extractTo(staging, file);
    verify(file, found, manifest.files);
    const ids = [...new Set(manifest.files.map(({ path }) => path.split("/")[0]))];
    const skipped: string[] = [];
    for (const id of ids) {
      checkRecord(join(staging, id, "run.json"), `${file}: ${id}/run.json`);
      if (!existsSync(join(store.folder, id))) continue;
      await sameAsStored(store, id, file, manifest.files);
      await rm(join(staging, id), { recursive: true });
      skipped.push(id);
    }
    return { imported: ids.filter((id) => !skipped.includes(id)), skipped };
  });
}

/** Writes the files below `staging` and tells what they are. */
async function extractTo(staging: string, file: string): Promise<{ found: ArchivedFile[]; manifest: Manifest }> {
  const source = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`${file}: cannot be read (${error.code}): check the path`);
  });
  const found = new Map<string, ArchivedFile>();
  let manifest: Buffer | undefined;
  const take = async ({ name, type, mtime }: Header, content: AsyncIterable<Buffer>) => {
    if (manifest) throw new DataError(`${file}: ${name} follows the manifest, which lists what came before it`);
    if (type !== "file") throw new DataError(`${file}: ${name} is a ${type}; an archive of runs holds files only`);
    if (found.has(name)) throw new DataError(`${file}: ${name} occurs twice`);
    if (name === MANIFEST) manifest = await buffer(content);
    else found.set(name, await keep(join(staging, checkedPath(name, file)), name, mtime, content));
  };
  const entries = extract();
  entries.on("entry", (header, content, next) => {
    content.on("error", () => undefined); // it also reaches the pipelines
    void take(header, content as AsyncIterable<Buffer>).then(() => next(), next);
  });
  try {
    await pipeline(source.createReadStream(), createGunzip(), entries);
  } catch (error) {
    if (error instanceof DataError || error instanceof WriteError) throw error;
    throw new DataError(`${file}: is no whole archive of runs (${errorText(error)}); copy or pack it again`);
  }
  if (!manifest) throw new DataError(`${file}: has no ${MANIFEST} at its end; it is cut off, or no archive of runs`);
  return {
    found: [...found.values()],
    manifest: parseManifest(parseJson(manifest.toString(), file), `${file}: ${MANIFEST}`),
  };
}

function checkRecord(path: string, where: string): void {
  try {
    readRun(path);
  } catch (error) {
    throw new DataError(errorText(error).replace(path, where));
  }
}

/** @throws DataError when the path leads out of the folder of a run, on any operating system */
function checkedPath(name: string, file: string): string {
  const parts = name.split(/[\\/]/);
  const inside = parts.length > 1 && RUN_ID.test(parts[0]) && !parts.some((part) => ["", ".", ".."].includes(part));
  if (!inside) throw new DataError(`${file}: ${JSON.stringify(name)} is no path below a run's folder`);
  return name;
}

async function keep(target: string, path: string, mtime: Date, content: AsyncIterable<Buffer>): Promise<ArchivedFile> {
  const hash = createHash("sha256");
  try {
    mkdirSync(dirname(target), { recursive: true }); // at once: a stream that breaks off while nobody listens is silent
    const output = createWriteStream(target, { flags: "wx" });
    await pipeline(content, hashing(hash), output);
    await utimes(target, mtime, mtime); // of a log: the run's last sign of life
    return { path, sha256: hash.digest("hex"), bytes: output.bytesWritten };
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : unwritable(target, error);
  }
}

function verify(file: string, found: readonly ArchivedFile[], listed: readonly ArchivedFile[]): void {
  const rest = new Map(found.map((entry) => [entry.path, entry]));
  for (const { path, sha256, bytes } of listed) {
    const entry = rest.get(path);
    if (!rest.delete(path) || !entry) throw new DataError(`${file}: ${path} is missing, though its manifest lists it`);
    if (entry.sha256 === sha256 && entry.bytes === bytes) continue;
    const is = `${entry.bytes} bytes with SHA-256 ${entry.sha256}`;
    throw new DataError(`${file}: ${path} has ${is}, its manifest says ${bytes} with ${sha256}; copy or pack it again`);
  }
  const [extra] = rest.keys();
  if (extra !== undefined) throw new DataError(`${file}: ${extra} is not in its manifest`);
}

/** @throws DataError when the run of this id in the store is not the archive's, file by file */
async function sameAsStored(store: Store, id: string, file: string, listed: readonly ArchivedFile[]): Promise<void> {
  const folder = join(store.folder, id);
  const own = listed.filter(({ path }) => path.startsWith(`${id}/`));
  const archived = new Map(own.map(({ path, sha256 }) => [path, sha256]));
  const differs = (what: string) =>
    new DataError(`${file}: run ${id} is in ${store.folder} with other content (${what}); move that one away first`);
  const { artifacts } = readRun(join(folder, "run.json"));
  for (const path of await runFiles(folder, artifacts)) {
    if (archived.get(`${id}/${path}`) !== (await hashOf(join(folder, path)))) throw differs(path);
    archived.delete(`${id}/${path}`);
  }
  const [missing] = archived.keys();
  if (missing !== undefined) throw differs(missing);
}
