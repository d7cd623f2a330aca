import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { unwritable } from "./adapter.js";
import { projectRoot } from "./environment.js";
import { changeLabels, checkChanges, type LabelChanges } from "./labels.js";
import { RUN_ID, type RunStatus } from "./record.js";
import { continueRun, type ResumeRun } from "./resume.js";
import type { Run } from "./run.js";
import { RunIndex, type Unreadable } from "./runIndex.js";
import { runOptions } from "./runOptions.js";
import { openRecord, type RunRecord, type RunSummary, summarize } from "./runRecord.js";
import { startRun, type StartRun } from "./startRun.js";
import { type ProcessIdentity, thisProcess } from "./status.js";
import { emptyTrash, listTrash, restoreRun, type Trashed, trashRun } from "./trash.js";

export type { StartRun } from "./startRun.js";

export interface RunFilter {
  readonly group?: string;
  readonly status?: RunStatus;
  readonly tag?: string;
  /** id of the run they belong to */
  readonly parent?: string;
  /** defaults to false: runs that were put aside are left out; true: only they; "all": both */
  readonly archived?: boolean | "all";
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
  readonly #index: RunIndex;

  /** Made by {@link openStore}. */
  constructor(folder: string, readOnly: boolean) {
    this.folder = folder;
    this.readOnly = readOnly;
    this.#index = new RunIndex(folder, readOnly, this.#here);
  }

  /**
   * Starts a run and records what its numbers depend on (see `Environment`).
   * While runs are open, Ctrl-C, SIGTERM, an uncaught exception and an exit are recorded as their end.
   *
   * @throws TypeError naming every wrong option; Error when the folder cannot be written, and nothing is left there
   */
  async startRun(options: StartRun): Promise<Run> {
    this.#writable();
    const parent = options.parent === undefined ? undefined : this.#idOf(options.parent);
    return startRun(this.folder, options, this.#here, parent);
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
  async resumeRun(id: string, options: ResumeRun): Promise<Run> {
    this.#writable();
    const parsed = parseOptions(resumeSchema, options, "resumeRun") as ResumeRun;
    return continueRun(join(this.folder, this.#idOf(id)), parsed, this.#here);
  }

  /** Runs that match all of `filter`, newest first. Damaged ones are left out: see {@link unreadable}. */
  async list(filter: RunFilter = {}): Promise<RunSummary[]> {
    const { entries } = await this.#index.scan();
    const runs = entries.map((entry) => summarize(join(this.folder, entry.head.id), entry, this.#here));
    const { archived = false } = filter;
    return runs
      .filter(
        (run) =>
          (filter.group === undefined || run.group === filter.group) &&
          (filter.status === undefined || run.status === filter.status) &&
          (filter.tag === undefined || run.tags.includes(filter.tag)) &&
          (filter.parent === undefined || run.parent === filter.parent) &&
          (archived === "all" || archived === (run.archived ?? false)),
      )
      .sort((a, b) => (sortKey(a) < sortKey(b) ? 1 : -1));
  }

  /** The runs that name this one as their parent, newest first, archived ones too. */
  async children(id: string): Promise<RunSummary[]> {
    return this.list({ parent: this.#idOf(id), archived: "all" });
  }

  /**
   * Folders that look like runs but cannot be read, with the reason: damaged, or written by a newer version. Also runs
   * of which only the labels cannot be read; these are listed all the same.
   */
  async unreadable(): Promise<Unreadable[]> {
    return (await this.#index.scan()).unreadable;
  }

  /** Makes the list's cache anew from the folders. @returns how many runs are in it, and what was left out */
  async reindex(): Promise<{ runs: number; unreadable: Unreadable[] }> {
    this.#writable();
    this.#index.reset();
    const { entries, unreadable } = await this.#index.scan();
    return { runs: entries.length, unreadable };
  }

  /**
   * One run by its id or the beginning of it.
   *
   * @throws Error when no or more than one run matches, or its record is damaged or newer than this version
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- async for its errors to be rejections
  async read(id: string): Promise<RunRecord> {
    const match = this.#idOf(id);
    return openRecord(join(this.folder, match), this.#index.entry(match), this.#here);
  }

  /**
   * Renames a run, moves it to another group (null: to none), sets its tags or notes, archives it; what is left out
   * stays. Works while another process writes the run.
   *
   * @throws TypeError naming every wrong change
   * @example
   * await store.update("20261121-0930", { name: "baseline", tags: ["paper"], archived: true });
   */
  async update(id: string, changes: LabelChanges): Promise<void> {
    this.#writable();
    await changeLabels(join(this.folder, this.#idOf(id)), checkChanges(changes), this.#here);
  }

  /** Moves a run into the trash, from which {@link restore} takes it. @throws Error while it runs */
  async remove(id: string): Promise<void> {
    this.#writable();
    await trashRun(this.folder, this.#idOf(id), this.#here);
  }

  /** Takes a run out of the trash. @param id  the whole one */
  async restore(id: string): Promise<void> {
    this.#writable();
    await restoreRun(this.folder, id, this.#here);
  }

  /** What is in the trash, the last removed first. */
  async trash(): Promise<Trashed[]> {
    return listTrash(this.folder);
  }

  /**
   * Deletes removed runs for good, and the artifacts that no other run has.
   *
   * @param options  olderThanDays: only those removed at least so long ago; defaults to 0
   * @returns the ids of what is gone
   */
  async emptyTrash(options: { readonly olderThanDays?: number } = {}): Promise<string[]> {
    this.#writable();
    const { olderThanDays = 0 } = parseOptions(emptySchema, options, "emptyTrash");
    return emptyTrash(this.folder, olderThanDays);
  }

  #writable(): void {
    if (this.readOnly)
      throw new Error(`the store ${this.folder} was opened with readOnly; open it without to log runs`);
  }

  #idOf(id: string): string {
    const ids = readdirSync(this.folder).filter((name) => RUN_ID.test(name)).sort(); // prettier-ignore
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
    return match;
  }
}

const sortKey = (run: RunSummary): string => `${run.startedAt} ${run.id}`;

const resumeSchema = z.strictObject({ ...runOptions, step: z.number() });

const emptySchema = z.strictObject({ olderThanDays: z.number().min(0).optional() });
