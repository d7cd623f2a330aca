import { randomInt } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { nanoid } from "nanoid";
import { AtomicJson } from "./adapter.js";
import { type ProcessIdentity, statusNow } from "./status.js";

const ATTEMPTS = 20;

/** What a process does alone with a run, or with a folder of completions, as part of a file's name. */
export type Deed = "resuming" | "labelling" | "sampling";

/**
 * Lets one process at a time do a deed with a run. Each leaves its claim in the folder *before* it looks for those of
 * others, so that of two at once at least one sees the other and steps back. The claim of a dead process does not count.
 *
 * No lock library: its signal handlers would stay and end a training that runs under `nohup`.
 *
 * @returns takes the claim back, in the folder to which the run was moved meanwhile
 * @throws Error naming the other process when it keeps its claim for about a second
 */
export async function claim(folder: string, here: ProcessIdentity, deed: Deed): Promise<(movedTo?: string) => void> {
  for (let attempt = 1; ; attempt++) {
    const own = `.${deed}-${nanoid()}.json`;
    const release = (movedTo = folder) => rmSync(join(movedTo, own), { force: true });
    let rival: ProcessIdentity | undefined;
    try {
      claimFile(join(folder, own)).write(here);
      rival = livingRival(folder, own, deed, here);
    } catch (error) {
      release();
      throw error;
    }
    if (!rival) return release;
    release();
    if (attempt === ATTEMPTS) {
      const doing = deed === "resuming" ? "resumed" : "changed";
      throw new Error(`${folder} is being ${doing} by process ${rival.pid} on ${rival.host}`);
    }
    await setTimeout(randomInt(10, 100));
  }
}

function livingRival(folder: string, own: string, deed: Deed, here: ProcessIdentity): ProcessIdentity | undefined {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`.${deed}-`) || !name.endsWith(".json") || name === own) continue;
    const path = join(folder, name);
    const seen = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    const owner = claimFile(path).read();
    if (seen === undefined || owner === null) continue; // taken back just now
    const status = statusNow(
      { status: "running", process: owner, startedAt: new Date(seen).toISOString() },
      seen,
      here,
    );
    if (status === "running") return owner;
    rmSync(path, { force: true });
  }
  return undefined;
}

const claimFile = (path: string) => new AtomicJson(path, (value) => value as ProcessIdentity);
