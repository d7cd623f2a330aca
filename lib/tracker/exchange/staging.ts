import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { nanoid } from "nanoid";
import { unwritable } from "../adapter.js";
import { RUN_ID } from "../record.js";
import type { Store } from "../store.js";

/**
 * Adds whole runs to a store, all of them or none: `fill` writes their folders into a hidden one that no reader looks
 * into, and they get their places once it is done. What `fill` leaves there under another name is thrown away.
 */
export async function addRuns<T>(store: Store, fill: (staging: string) => Promise<T>): Promise<T> {
  if (store.readOnly)
    throw new Error(`the store ${store.folder} was opened with readOnly; open it without to add runs`);
  const staging = join(store.folder, `.adding-${nanoid()}`);
  await mkdir(staging).catch((error: unknown) => {
    throw unwritable(staging, error);
  });
  try {
    const result = await fill(staging);
    await place(staging, store.folder);
    return result;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function place(staging: string, store: string): Promise<void> {
  const placed: string[] = [];
  try {
    for (const id of (await readdir(staging)).filter((name) => RUN_ID.test(name))) {
      await rename(join(staging, id), join(store, id));
      placed.push(id);
    }
  } catch (error) {
    for (const id of placed) await rename(join(store, id), join(staging, id));
    throw unwritable(store, error);
  }
}
