import { existsSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LowSync } from "lowdb";
import { customAlphabet } from "nanoid";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import type { Source } from "../data/types.js";
import { AtomicJson, unwritable } from "./adapter.js";
import { captureEnvironment, projectRoot } from "./environment.js";
import { EventLog } from "./events.js";
import { plain, plainObject } from "./plain.js";
import { parseRun, RUN_ID, type RunData, type RunStatus, SCHEMA_VERSION } from "./record.js";
import { continueRun } from "./resume.js";
import { Run } from "./run.js";
import { scanRuns, type Unreadable } from "./runIndex.js";
import { openRecord, type RunRecord, type RunSummary, summarize } from "./runRecord.js";
import { type ProcessIdentity, thisProcess } from "./status.js";

export interface StartRun {
  readonly name: string;
  /** runs of one study, for example all seeds and variants behind one table */
  readonly group?: string;
  readonly tags?: readonly string[];
  /** the whole resolved configuration, as plain data */
  readonly params: object;
  /** where the data came from: `source` of a loaded set */
  readonly dataFiles?: readonly Source[];
  /** defaults to `params.seed` when that is a number */
  readonly seed?: number;
  /** what computes, for example the report of `useBackend()` */
  readonly backend?: string | object;
  /** upper updates per weight snapshot of `run.log(iteration)`; defaults to 1 */
  readonly weightsEvery?: number;
}

export interface RunFilter {
  readonly group?: string;
  readonly status?: RunStatus;
  readonly tag?: string;
}

/** `$DREAMPRM_STORE`, else `experiments/runs` in the project that `cwd` belongs to, else in `cwd`. */
export function defaultStore(cwd = process.cwd()): string {
  return resolve(process.env.DREAMPRM_STORE || join(projectRoot(cwd) ?? cwd, "experiments", "runs"));
}

/**
 * Opens a folder of runs and makes it when it is missing.
 *
 * @param options  readOnly: nothing is ever written, not even the cache of the list
 * @throws Error when the path is a file, cannot be made, or is missing and `readOnly`
 * @example
 * const store = await openStore("experiments/runs");
 * const run = await store.startRun({ name: "domain table", group: "demo", params: { seed: 1 } });
 * run.log(1, { loss: 0.5 });
 * await run.finish({ auc: 0.7 });
 */
export async function openStore(folder: string, options: { readOnly?: boolean } = {}): Promise<Store> {
  const { readOnly = false } = options;
  const path = resolve(folder);
  if (!existsSync(path)) {
    if (readOnly) throw new Error(`there is no run store at ${path}: check the path, or log a run first`);
    await mkdir(path, { recursive: true }).catch((error: unknown) => {
      throw unwritable(path, error);
    });
  } else if (!statSync(path).isDirectory()) {
    throw new Error(`${path} is a file, not a folder of runs`);
  }
  return new Store(path, readOnly);
}

/** A folder of runs. Any number of processes may use it at once: each run has one writer, and its own folder. */
export class Store {
  readonly folder: string;
  readonly readOnly: boolean;
  readonly #here: ProcessIdentity = thisProcess();

  /** Made by {@link openStore}. */
  constructor(folder: string, readOnly: boolean) {
    this.folder = folder;
    this.readOnly = readOnly;
  }

  /**
   * Starts a run and records what its numbers depend on (see `Environment`).
   * While runs are open, Ctrl-C, SIGTERM, an uncaught exception and an exit are recorded as their end.
   *
   * @throws TypeError naming every wrong option; Error when the folder cannot be written, and nothing is left there
   */
  async startRun(options: StartRun): Promise<Run> {
    this.#writable();
    const { name, group, tags = [], dataFiles = [], backend, weightsEvery } = checkStart(options);
    const params = plainObject(options.params, "params");
    const seed = options.seed ?? (typeof params.seed === "number" ? params.seed : undefined);
    const computedBy = backend === undefined ? undefined : plain(backend, "backend");
    const now = new Date();
    const data: RunData = {
      schema: SCHEMA_VERSION,
      id: newId(now),
      name,
      ...(group !== undefined && { group }),
      tags,
      params,
      ...(seed !== undefined && { seed }),
      dataFiles,
      environment: await captureEnvironment(this.folder, computedBy),
      process: this.#here,
      status: "running",
      startedAt: now.toISOString(),
      ...(weightsEvery !== undefined && { weightsEvery }),
      summary: {},
      artifacts: [],
    };
    return this.#create(data);
  }

  /** The folder gets its name once run.json is in it: no reader meets half a run. */
  async #create(data: RunData): Promise<Run> {
    const [starting, folder] = [join(this.folder, `.${data.id}`), join(this.folder, data.id)];
    try {
      await mkdir(starting);
      new LowSync(new AtomicJson(join(starting, "run.json"), parseRun), data).write();
      await rename(starting, folder);
      return new Run(folder, data, new EventLog(join(folder, "events.jsonl")));
    } catch (error) {
      for (const half of [starting, folder]) await rm(half, { recursive: true, force: true }).catch(() => undefined);
      throw unwritable(folder, error instanceof Error && error.cause !== undefined ? error.cause : error);
    }
  }

  /**
   * Continues a failed, interrupted or crashed run from a checkpoint taken at `step`, in the same files: the metrics and
   * weight snapshots logged after `step` are removed, for the training logs them again. Notes, status events, summary
   * and artifacts stay; a status event with the step marks the gap. `startedAt` and the environment remain those of the
   * start. Whatever interrupts the resuming itself, the run can be resumed again.
   *
   * @param id  the run's id or the beginning of it
   * @throws Error when the run has finished, runs in a living process, or is being resumed by another one; and as
   *   {@link read} does. The process of a run on another machine counts as dead five minutes after its last heartbeat.
   * @example
   * const run = await store.resumeRun("20261121-0930", { step: 100 });
   * run.log(101, { loss: 0.3 });
   */
  async resumeRun(id: string, options: { readonly step: number }): Promise<Run> {
    this.#writable();
    const { step } = parseOptions(resumeSchema, options, "resumeRun");
    return continueRun(await this.#folderOf(id), step, this.#here);
  }

  #writable(): void {
    if (this.readOnly)
      throw new Error(`the store ${this.folder} was opened with readOnly; open it without to log runs`);
  }

  /** Runs that match all of `filter`, newest first. Damaged ones are left out: see {@link unreadable}. */
  async list(filter: RunFilter = {}): Promise<RunSummary[]> {
    const { heads } = await scanRuns(this.folder, this.readOnly);
    const runs = await Promise.all(heads.map((head) => summarize(join(this.folder, head.id), head, this.#here)));
    return runs
      .filter(
        (run) =>
          (filter.group === undefined || run.group === filter.group) &&
          (filter.status === undefined || run.status === filter.status) &&
          (filter.tag === undefined || run.tags.includes(filter.tag)),
      )
      .sort((a, b) => (sortKey(a) < sortKey(b) ? 1 : -1));
  }

  /** Folders that look like runs but cannot be read, with the reason: damaged, or written by a newer version. */
  async unreadable(): Promise<Unreadable[]> {
    return (await scanRuns(this.folder, this.readOnly)).unreadable;
  }

  /**
   * One run by its id or the beginning of it.
   *
   * @throws Error when no or more than one run matches, or its record is damaged or newer than this version
   */
  async read(id: string): Promise<RunRecord> {
    return openRecord(await this.#folderOf(id), this.#here);
  }

  async #folderOf(id: string): Promise<string> {
    const ids = (await readdir(this.folder)).filter((name) => RUN_ID.test(name)).sort();
    const matches = ids.includes(id) ? [id] : ids.filter((name) => id !== "" && name.startsWith(id));
    const [match] = matches;
    if (match === undefined) {
      const newest = ids.length === 0 ? "it is empty" : `the newest of ${ids.length} is ${ids[ids.length - 1]}`;
      throw new Error(`no run "${id}" in ${this.folder}: ${newest}`);
    }
    if (matches.length > 1) {
      const some = `${matches.slice(0, 5).join(", ")}${matches.length > 5 ? ", …" : ""}`;
      throw new Error(`"${id}" begins the ids of ${matches.length} runs in ${this.folder}: ${some}`);
    }
    return join(this.folder, match);
  }
}

const sortKey = (run: RunSummary): string => `${run.startedAt} ${run.id}`;

const randomPart = customAlphabet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 8);

function newId(now: Date): string {
  const [day, time] = now.toISOString().slice(0, 19).replace(/[-:]/g, "").split("T");
  return `${day}-${time}-${randomPart()}`;
}

const startSchema = z.strictObject({
  name: z.string().min(1),
  group: z.string().optional(),
  tags: z.array(z.string()).optional(),
  params: z.record(z.string(), z.unknown()),
  dataFiles: z.array(z.object({ path: z.string(), sha256: z.string(), rows: z.number() })).optional(),
  seed: z.number().optional(),
  backend: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  weightsEvery: z.number().int().min(1).optional(),
});

const resumeSchema = z.strictObject({ step: z.number() });

const checkStart = (options: StartRun) => parseOptions(startSchema, options, "startRun");
