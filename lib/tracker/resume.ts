import { join } from "node:path";
import { AtomicJson } from "./adapter.js";
import { AlphaWriter } from "./alphaFiles.js";
import { claim } from "./claim.js";
import { EventLog, trimEvents } from "./events.js";
import { parseRun, type RunData, type RunStatus } from "./record.js";
import { isUpperUpdate, Run } from "./run.js";
import { readRun } from "./runIndex.js";
import { lastSeenMs } from "./runRecord.js";
import { type ProcessIdentity, statusNow } from "./status.js";

/**
 * Takes a run that has ended back to `step` and opens it for writing.
 *
 * Weights, events, then run.json, each replaced at once: a death in between leaves the old status, and less to remove
 * the next time.
 */
export async function continueRun(folder: string, step: number, here: ProcessIdentity): Promise<Run> {
  const release = await claim(folder, here);
  let alpha: AlphaWriter | undefined;
  let events: EventLog | undefined;
  try {
    const { endedAt, reason: _reason, error: _error, ...before } = readRun(join(folder, "run.json"));
    const lastSeen = await lastSeenMs(folder, before);
    refuse(before, statusNow(before, lastSeen, here));

    const now = new Date();
    const gapMs = Math.max(0, Math.round(now.getTime() - (endedAt === undefined ? lastSeen : Date.parse(endedAt))));
    const reason = `resumed at step ${step}`;
    alpha = await AlphaWriter.continue(folder, step);
    const log = join(folder, "events.jsonl");
    const kept = await trimEvents(log, step, { type: "status", t: now.getTime(), status: "running", reason, step });
    events = new EventLog(log);
    const data: RunData = {
      ...before,
      status: "running",
      process: here,
      resumed: [...(before.resumed ?? []), { at: now.toISOString(), step, gapMs }],
    };
    new AtomicJson(join(folder, "run.json"), parseRun).write(data);
    return new Run(folder, data, events, { alpha, upperUpdates: kept.filter(isUpperUpdate).length });
  } catch (error) {
    alpha?.close();
    events?.close();
    throw error;
  } finally {
    release();
  }
}

function refuse({ id, process: owner }: RunData, status: RunStatus): void {
  if (status === "finished") {
    throw new Error(`run ${id} is finished and cannot be resumed: start a new run (store.startRun)`);
  }
  if (status === "running") {
    throw new Error(`run ${id} is still running in process ${owner.pid} on ${owner.host}: end that process first`);
  }
}
