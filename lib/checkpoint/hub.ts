import { stat } from "node:fs/promises";
import path from "node:path";
import type { ListFileEntry } from "@huggingface/hub";
import { SINGLE_FILE } from "./checkpoint.js";
import { download, type RemoteFile } from "./download.js";
import { firstOf } from "./firstOf.js";
import { cachedRepo, type CachedRepo, isCommit } from "./hubCache.js";
import { hubEnvironment } from "./hubEnvironment.js";
import { hubFetch, isBroken } from "./hubFetch.js";
import { describingFiles, missingFiles, refusePickles } from "./modelFiles.js";
import { SHARD_INDEX, shardNames } from "./shards.js";

export interface DownloadProgress {
  readonly file: string;
  /** of all files so far, counting what was in the cache */
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface ResolveModelOptions {
  /** Branch, tag or commit. Defaults to "main"; a commit's hash pins the weights. */
  readonly revision?: string;
  /** Ask no host. Defaults to what HF_HUB_OFFLINE says. */
  readonly offline?: boolean;
  /** Defaults to what HF_HUB_CACHE and HF_HOME say. */
  readonly cacheDir?: string;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Before the second attempt, then twice as long each time. Defaults to 500. */
  readonly retryDelayMs?: number;
}

export interface ResolvedModel {
  readonly folder: string;
  /** the commit that the folder holds; undefined for a folder of the user's own */
  readonly commit?: string;
  /** why the hub was not asked, where it was not */
  readonly fromCache?: string;
}

/**
 * A model's folder with configuration, tokenizer and SafeTensors weights: a local folder as it is, or a repository of
 * the Hugging Face hub, of which what is not yet in the shared cache is downloaded. Downloads go on where they broke
 * off, and every file's checksum is compared with the one that the hub names. Where the hub cannot be reached, what
 * the cache holds of the revision is taken. Pickled weights are never loaded.
 *
 * HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE are respected; the token is sent to the endpoint alone.
 *
 * @param name  a folder, else `ORGANISATION/NAME`
 * @throws Error that says what to do: no such folder or repository, a gated one, no such revision, no connection and
 *   nothing in the cache, a wrong checksum, a full disk
 * @example
 * const { folder, commit } = await resolveModel("Qwen/Qwen2-VL-2B-Instruct", {
 *   onProgress: ({ file, receivedBytes, totalBytes }) => console.error(file, receivedBytes / totalBytes),
 * });
 */
export async function resolveModel(name: string, options: ResolveModelOptions = {}): Promise<ResolvedModel> {
  if ((await stat(name).catch(() => undefined))?.isDirectory()) {
    const missing = await missingFiles(name);
    if (missing.length > 0) throw new Error(`${name} is no model's folder: it lacks ${firstOf(missing)}`);
    return { folder: path.resolve(name) };
  }
  if (!/^[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)?$/.test(name) || /--|\.\./.test(name)) {
    throw new Error(`${name} is neither a folder nor a model's name on the hub, such as Qwen/Qwen2-VL-2B-Instruct`);
  }
  const { revision = "main" } = options;
  if (!/^\w[\w.-]*(?:\/\w[\w.-]*)*$/.test(revision) || revision.includes("..")) {
    throw new Error(`${JSON.stringify(revision)} is no revision: a branch, a tag or a commit's hash is`);
  }
  const found = hubEnvironment();
  const environment = {
    ...found,
    offline: options.offline ?? found.offline,
    cacheDir: options.cacheDir ?? found.cacheDir,
  };
  const cache = cachedRepo(environment.cacheDir, name);
  if (environment.offline) return fromCache(name, revision, cache, "offline");
  const fetch = hubFetch(environment, name);
  let remote: Remote;
  try {
    remote = await contents(name, revision, environment.endpoint, fetch);
  } catch (error) {
    if (error instanceof SyntaxError) {
      const message = `${environment.endpoint} does not answer as a hub does (${error.message}): check HF_ENDPOINT`;
      throw new Error(message, { cause: error });
    }
    if (!isBroken(error)) throw error;
    return await fromCache(name, revision, cache, error.message);
  }
  refusePickles(name, [...remote.files.keys()]);
  await fetchFiles(name, remote, cache, { endpoint: environment.endpoint, fetch, ...options });
  await cache.remember(revision, remote.commit);
  return { folder: cache.snapshot(remote.commit), commit: remote.commit };
}

async function fromCache(repo: string, revision: string, cache: CachedRepo, why: string): Promise<ResolvedModel> {
  const commit = await cache.commitOf(revision);
  const folder = cache.snapshot(commit ?? revision);
  const missing = await missingFiles(folder);
  if (commit !== undefined && missing.length === 0) return { folder, commit, fromCache: why };
  throw new Error(
    `${repo} (${revision}) cannot be loaded: ${why}, and ${folder} lacks ${firstOf(missing)}. ` +
      "Download it where there is a network, or give a local folder",
  );
}

/** What a revision stands for. */
interface Remote {
  readonly commit: string;
  readonly files: ReadonlyMap<string, ListFileEntry>;
}

async function contents(
  repo: string,
  revision: string,
  hubUrl: string,
  fetch: typeof globalThis.fetch,
): Promise<Remote> {
  const { listFiles, modelInfo } = await import("@huggingface/hub"); // large, and of use only here
  const { sha: commit } = await modelInfo({ name: repo, revision, additionalFields: ["sha"], hubUrl, fetch });
  if (!isCommit(commit))
    throw new Error(`${hubUrl} says that ${repo} (${revision}) is commit ${JSON.stringify(commit)}`);
  const files = new Map<string, ListFileEntry>();
  for await (const entry of listFiles({ repo, revision: commit, hubUrl, fetch })) {
    if (entry.type === "file") files.set(entry.path, entry);
  }
  return { commit, files };
}

/** Brings the files that a model needs into a commit's snapshot, the index of its shards first. */
async function fetchFiles(
  repo: string,
  { commit, files }: Remote,
  cache: CachedRepo,
  options: { endpoint: string; fetch: typeof fetch } & ResolveModelOptions,
): Promise<void> {
  const names = [...files.keys()];
  const pointer = (file: string) => path.join(cache.snapshot(commit), file);
  const get = async (file: string, onBytes: (bytes: number) => void) => {
    const entry = files.get(file);
    if (entry === undefined) throw new Error(`${repo} (${commit}) lacks ${file}, which its index names`);
    if ((await stat(pointer(file)).catch(() => undefined))?.size === entry.size) return onBytes(entry.size);
    const etag = entry.lfs?.oid ?? entry.oid ?? "";
    if (!/^[0-9a-f]{40,64}$/.test(etag))
      throw new Error(`${options.endpoint} names no checksum for ${file} of ${repo}`);
    const remote: RemoteFile = {
      url: `${options.endpoint}/${repo}/resolve/${commit}/${encodeURIComponent(file)}`,
      size: entry.size,
      checksum: { algorithm: entry.lfs ? "sha256" : "git-sha1", hex: etag },
    };
    const { fetch, retryDelayMs = 500 } = options;
    await download(remote, cache.blob(etag), { fetch, retryDelayMs, onBytes });
    await cache.link(etag, commit, file);
  };
  let weights = [SINGLE_FILE];
  if (!files.has(SINGLE_FILE)) {
    await get(SHARD_INDEX, () => undefined);
    weights = (await shardNames(pointer(SHARD_INDEX))).shards;
  }
  const wanted = [...describingFiles(names), ...weights];
  const totalBytes = wanted.reduce((sum, file) => sum + (files.get(file)?.size ?? 0), 0);
  let receivedBytes = 0;
  for (const file of wanted) {
    await get(file, (bytes) => options.onProgress?.({ file, receivedBytes: (receivedBytes += bytes), totalBytes }));
  }
}
