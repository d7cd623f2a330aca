import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { unwritable } from "./adapter.js";
import { sweepObjects } from "./artifacts.js";
import { claim } from "./claim.js";
import { changeLabels, labelled, readLabels } from "./labels.js";
import { RUN_ID } from "./record.js";
import { lastSeenMs, readRun, type RunHead } from "./runIndex.js";
import { type ProcessIdentity, statusNow } from "./status.js";

/** Below the store's folder. */
const TRASH = "trash";
const DAY_MS = 86_400_000;

/** A run that was removed and can be restored. */
export interface Trashed {
  readonly id: string;
  /** "" when its record cannot be read */
  readonly name: string;
  /** ISO 8601, UTC */
  readonly removedAt: string;
}

/** Moves a run into the trash; one that cannot be read as well. @throws Error while it runs or is being resumed */
export async function trashRun(store: string, id: string, here: ProcessIdentity): Promise<void> {
  const [from, to] = [join(store, id), join(store, TRASH, id)];
  const release = await claim(from, here, "resuming");
  let at = from;
  try {
    const head = readable(from);
    if (head && statusNow(head, lastSeenMs(from, head), here) === "running") {
      const { pid, host } = head.process;
      throw new Error(`run ${id} is still running in process ${pid} on ${host}: end that process first`);
    }
    // damaged labels must not keep a run from going: the folder's own time serves then
    await changeLabels(from, { removedAt: new Date().toISOString() }, here).catch(() => undefined);
    await mkdir(join(store, TRASH), { recursive: true });
    await move(from, to);
    at = to;
  } finally {
    release(at);
  }
}

/** @throws Error when it is not in the trash, or a run of this id is in the store */
export async function restoreRun(store: string, id: string, here: ProcessIdentity): Promise<void> {
  const [from, to] = [join(store, TRASH, id), join(store, id)];
  if (!RUN_ID.test(id) || !existsSync(from))
    throw new Error(`no run ${id} in ${join(store, TRASH)}: see store.trash() for what is there`);
  if (existsSync(to)) throw new Error(`run ${id} is in ${store} already: remove one of the two first`);
  await changeLabels(from, { removedAt: undefined }, here).catch(() => undefined);
  await move(from, to);
}

/** What was removed, the last first. */
export async function listTrash(store: string): Promise<Trashed[]> {
  const folder = join(store, TRASH);
  const ids = (await readdir(folder).catch(() => [])).filter((name) => RUN_ID.test(name));
  const trashed = await Promise.all(
    ids.map(async (id): Promise<Trashed> => {
      const removedAt = labelsOf(join(folder, id))?.removedAt ?? (await stat(join(folder, id))).ctime.toISOString();
      return { id, name: readable(join(folder, id))?.name ?? "", removedAt };
    }),
  );
  return trashed.sort((a, b) => (a.removedAt < b.removedAt ? 1 : -1));
}

/** Deletes for good what was removed more than so many days ago. @returns the ids */
export async function emptyTrash(store: string, olderThanDays: number): Promise<string[]> {
  const before = Date.now() - olderThanDays * DAY_MS;
  const old = (await listTrash(store)).filter(({ removedAt }) => Date.parse(removedAt) <= before);
  for (const { id } of old) {
    const folder = join(store, TRASH, id);
    await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
      throw unwritable(folder, error);
    });
  }
  await sweepObjects(store);
  return old.map(({ id }) => id);
}

async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    throw unwritable(to, error);
  });
}

function readable(folder: string): RunHead | undefined {
  try {
    const run = readRun(join(folder, "run.json"));
    return labelled(run, labelsOf(folder) ?? run);
  } catch {
    return undefined;
  }
}

function labelsOf(folder: string) {
  try {
    return readLabels(folder);
  } catch {
    return undefined;
  }
}
