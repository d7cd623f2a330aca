import { accessSync, constants, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { LowSync } from "lowdb";
import { errorText } from "../core/errorText.js";
import { AtomicJson, unwritable } from "./adapter.js";
import type { Digests } from "./digest.js";
import { LABELS, labelled, readLabels } from "./labels.js";
import { LogDigest } from "./logDigest.js";
import { isObject } from "./plain.js";
import { parseRun, RUN_ID, RUN_SCHEMA, type RunData } from "./record.js";
import { type ProcessIdentity, since, statusNow } from "./status.js";

/** What a list of runs needs of each. */
export type RunHead = Omit<RunData, "environment" | "dataFiles" | "artifacts"> & { readonly archived?: boolean };

export interface Unreadable {
  readonly id: string;
  readonly reason: string;
}

export interface Entry {
  /** of run.json and labels.json when they were read: they are read again when this changes */
  readonly stamp: string;
  readonly head: RunHead;
  /** of events.jsonl when its metrics were read */
  readonly log: string;
  /** the last sign of life of a run that says "running", ms since epoch */
  readonly seenMs: number;
  readonly digests: Digests;
  /** why its labels are left out */
  readonly problem?: string;
}

interface Index {
  schema: number;
  runs: Record<string, Entry>;
}

/** Runs looked at in one go; timers and signals have their turn in between. */
const BATCH = 250;
/** The whole file is written anew: in a store of many runs not for fewer than 1 % of those above this number. */
const MANY = 1000;

/**
 * All runs of a store. The folders are the truth; `index.json` spares reading every run again and may be missing,
 * damaged, old or unwritable without harm. It holds runs that have ended or crashed; the others change too often.
 */
export class RunIndex {
  readonly #folder: string;
  readonly #readOnly: boolean;
  readonly #here: ProcessIdentity;
  #entries: Map<string, Entry> | undefined;
  /** what index.json held of each run when this process saw it last */
  readonly #written = new Map<string, string>();
  readonly #logs = new Map<string, LogDigest>();

  constructor(folder: string, readOnly: boolean, here: ProcessIdentity) {
    this.#folder = folder;
    this.#readOnly = readOnly;
    this.#here = here;
  }

  async scan(): Promise<{ entries: Entry[]; unreadable: Unreadable[] }> {
    const known = (this.#entries ??= this.#load());
    const ids = readdirSync(this.#folder).filter((name) => RUN_ID.test(name));
    const unreadable: Unreadable[] = [];
    const found = new Map<string, Entry>();
    for (const [i, id] of ids.entries()) {
      if (i % BATCH === BATCH - 1) await setImmediate();
      try {
        found.set(id, this.#entry(id, known.get(id)));
      } catch (error) {
        unreadable.push({ id, reason: errorText(error) });
      }
    }
    this.#entries = found;
    for (const id of this.#logs.keys()) if (!found.has(id)) this.#logs.delete(id);
    if (!this.#readOnly) await this.#save(found);
    const entries = [...found.values()];
    const labels = entries.flatMap(({ head, problem }) =>
      problem === undefined ? [] : [{ id: head.id, reason: problem }],
    );
    return { entries, unreadable: [...unreadable, ...labels] };
  }

  /** One run as it is now. @throws Error naming the file when it is missing, damaged or newer */
  entry(id: string): Entry {
    const entry = this.#entry(id, this.#entries?.get(id));
    this.#entries?.set(id, entry);
    return entry;
  }

  /** Forgets all that is cached, and deletes `index.json`. */
  reset(): void {
    const file = join(this.#folder, "index.json");
    try {
      rmSync(file, { force: true });
    } catch (error) {
      throw unwritable(file, error);
    }
    this.#entries = new Map();
    this.#written.clear();
    this.#logs.clear();
  }

  #entry(id: string, known: Entry | undefined): Entry {
    const folder = join(this.#folder, id);
    const stamp = `${stampOf(join(folder, "run.json"))} ${stampOf(join(folder, LABELS))}`;
    const same = known?.stamp === stamp;
    if (same && known.head.status !== "running") return known;
    const { head, problem } = same ? known : readHead(folder);
    const file = join(folder, "events.jsonl");
    const log = `${stampOf(file)} ${head.resumed?.length ?? 0}`;
    const seenMs = lastSeenMs(folder, head);
    const digests = known?.log === log ? known.digests : this.#digest(file, head);
    return { stamp, head, log, seenMs, digests, ...(problem !== undefined && { problem }) };
  }

  #digest(file: string, { id, schema, status }: RunHead): Digests {
    const log = this.#logs.get(id) ?? new LogDigest(file, { id, sealed: schema > 1 });
    if (status === "running") this.#logs.set(id, log);
    else this.#logs.delete(id);
    return log.look();
  }

  #load(): Map<string, Entry> {
    const entries = new Map(Object.entries(openIndex(this.#folder).data.runs));
    for (const [id, entry] of entries) this.#written.set(id, version(entry));
    return entries;
  }

  async #save(found: ReadonlyMap<string, Entry>): Promise<void> {
    const settled = ({ head, seenMs }: Entry) => statusNow(head, seenMs, this.#here) !== "running";
    const fresh = [...found].filter(([id, entry]) => this.#written.get(id) !== version(entry) && settled(entry));
    const gone = [...this.#written.keys()].filter((id) => !found.has(id));
    const changes = fresh.length + gone.length;
    if (changes === 0 || changes * 100 < found.size - MANY) return;
    // a cache that cannot be written is no reason to fail a list
    const written = await updateIndex(this.#folder, fresh, gone).then(
      () => true,
      () => false,
    );
    if (!written) return;
    for (const id of gone) this.#written.delete(id);
    for (const [id, entry] of fresh) this.#written.set(id, version(entry));
  }
}

const version = ({ stamp, log }: Entry): string => `${stamp} ${log}`;

/** @throws Error naming the file when it is missing, damaged or newer */
export function readRun(file: string): RunData {
  const data = new AtomicJson(file, parseRun).read();
  if (data === null) throw new Error(`${file} does not exist (ENOENT): the folder is no run, or was only half deleted`);
  const folder = basename(dirname(file));
  if (data.id !== folder)
    throw new Error(`${file} is that of run ${data.id}: restore the one of ${folder} from a copy`);
  return data;
}

/** The last sign of life of a run that says "running", ms since epoch. */
export const lastSeenMs = (folder: string, head: Pick<RunData, "startedAt" | "resumed">): number =>
  statSync(join(folder, "events.jsonl"), { throwIfNoEntry: false })?.mtimeMs ?? since(head);

function readHead(folder: string): Pick<Entry, "head" | "problem"> {
  const { environment: _e, dataFiles: _d, artifacts: _a, ...data } = readRun(join(folder, "run.json"));
  try {
    return { head: labelled(data, readLabels(folder)) };
  } catch (error) {
    return { head: data, problem: `${errorText(error)}; the run is listed as it was started` };
  }
}

/** "" when there is no such file */
function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.mtimeMs}/${found.size}/${found.ino}` : "";
}

function openIndex(folder: string): LowSync<Index> {
  const db = new LowSync(new AtomicJson(join(folder, "index.json"), parseIndex, 0), emptyIndex());
  try {
    db.read();
  } catch {
    db.data = emptyIndex();
  }
  return db;
}

const emptyIndex = (): Index => ({ schema: RUN_SCHEMA, runs: {} });

/** Its content is trusted, for it was written with a checksum by this version. */
function parseIndex(value: unknown, _file: string, sealed: boolean): Index {
  const sound = sealed && isObject(value) && value.schema === RUN_SCHEMA;
  return sound ? (value as unknown as Index) : emptyIndex();
}

/** Short lock, read, merge, atomic write, unlock: lowdb alone loses or corrupts data with two writers. */
async function updateIndex(folder: string, fresh: [string, Entry][], gone: string[]): Promise<void> {
  accessSync(folder, constants.W_OK); // else the lock would be tried again and again
  // loaded only here: its signal handlers would end a training that runs under `nohup`
  const { lock } = await import("proper-lockfile");
  const release = await lock(folder, {
    lockfilePath: join(folder, "index.json.lock"),
    retries: { retries: 20, minTimeout: 5, maxTimeout: 50 },
    onCompromised: () => undefined,
  });
  try {
    const db = openIndex(folder);
    Object.assign(db.data.runs, Object.fromEntries(fresh));
    for (const id of gone) delete db.data.runs[id];
    db.write();
  } finally {
    await release();
  }
}
