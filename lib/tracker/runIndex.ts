import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LowSync } from "lowdb";
import { AtomicJson } from "./adapter.js";
import { errorText } from "../core/errorText.js";
import { isObject } from "./plain.js";
import { parseRun, RUN_ID, type RunData, SCHEMA_VERSION } from "./record.js";

/** What a list of runs needs of each. */
export type RunHead = Omit<RunData, "environment" | "dataFiles" | "artifacts">;

export interface Unreadable {
  readonly id: string;
  readonly reason: string;
}

interface Entry {
  /** of run.json when it was read: it is read again when this changes */
  readonly stamp: string;
  readonly head: RunHead;
}

interface Index {
  schema: number;
  runs: Record<string, Entry>;
}

/**
 * All runs of a store. The folders are the truth; `index.json` spares reading every run.json again and may be
 * missing, damaged, old or unwritable without harm.
 */
export async function scanRuns(
  folder: string,
  readOnly: boolean,
): Promise<{ heads: RunHead[]; unreadable: Unreadable[] }> {
  const db = openIndex(folder);
  const known = db.data.runs;
  const ids = (await readdir(folder)).filter((name) => RUN_ID.test(name));
  const unreadable: Unreadable[] = [];
  const found = new Map<string, Entry>();
  await Promise.all(
    ids.map(async (id) => {
      try {
        const file = join(folder, id, "run.json");
        const { mtimeMs, size, ino } = await stat(file);
        const stamp = `${mtimeMs}/${size}/${ino}`;
        const entry = known[id];
        found.set(id, entry?.stamp === stamp ? entry : { stamp, head: headOf(readRun(file)) });
      } catch (error) {
        unreadable.push({ id, reason: errorText(error) });
      }
    }),
  );
  const fresh = [...found].filter(([id, entry]) => known[id] !== entry);
  const gone = Object.keys(known).filter((id) => !found.has(id));
  if (!readOnly && (fresh.length > 0 || gone.length > 0)) {
    // a cache that cannot be written is no reason to fail a list
    await updateIndex(folder, fresh, gone).catch(() => undefined);
  }
  return { heads: [...found.values()].map((entry) => entry.head), unreadable };
}

/** @throws Error naming the file when it is missing, damaged or newer */
export function readRun(file: string): RunData {
  const data = new AtomicJson(file, parseRun).read();
  if (data === null) throw new Error(`${file} does not exist: the folder is no run, or was only half deleted`);
  return data;
}

function headOf({ environment: _e, dataFiles: _d, artifacts: _a, ...head }: RunData): RunHead {
  return head;
}

function openIndex(folder: string): LowSync<Index> {
  const db = new LowSync(new AtomicJson(join(folder, "index.json"), parseIndex), emptyIndex());
  try {
    db.read();
  } catch {
    db.data = emptyIndex();
  }
  return db;
}

const emptyIndex = (): Index => ({ schema: SCHEMA_VERSION, runs: {} });

function parseIndex(value: unknown): Index {
  const sound =
    isObject(value) &&
    value.schema === SCHEMA_VERSION &&
    isObject(value.runs) &&
    Object.values(value.runs).every((entry) => isObject(entry) && isObject(entry.head));
  return sound ? (value as unknown as Index) : emptyIndex();
}

/** Short lock, read, merge, atomic write, unlock: lowdb alone loses or corrupts data with two writers. */
async function updateIndex(folder: string, fresh: [string, Entry][], gone: string[]): Promise<void> {
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
