import { join } from "node:path";
import { AtomicJson } from "./adapter.js";
import { AlphaWriter } from "./alpha/files.js";
import { claim } from "./claim.js";
import { trimEvents } from "./eventReader.js";
import { EventLog } from "./events.js";
import { isUpperUpdate } from "./iteration.js";
import { parseRun, RUN_SCHEMA, type RunData, type RunStatus } from "./record.js";
import { Run } from "./run.js";
import { lastSeenMs, readRun } from "./runIndex.js";
import type { RunOptions } from "./runOptions.js";
import { type ProcessIdentity, statusNow } from "./status.js";

export interface ResumeRun extends RunOptions {
  /** of the checkpoint from which the training goes on */
  readonly step: number;
}

/**
 * Takes a run that has ended back to `step` and opens it for writing.
 *
 * Weights, events, then run.json, each replaced at once: a death in between leaves the old status, and less to remove
 * the next time.
 */
export async function continueRun(
  folder: string,
  { step, ...options }: ResumeRun,
  here: ProcessIdentity,
): Promise<Run> {
  const release = await claim(folder, here, "resuming");
  let alpha: AlphaWriter | undefined;
  let events: EventLog | undefined;
  try {
    const { endedAt, reason: _reason, error: _error, usage: _usage, ...before } = readRun(join(folder, "run.json"));
    const lastSeen = lastSeenMs(folder, before);
    refuse(before, statusNow(before, lastSeen, here));

    const now = new Date();
    const gapMs = Math.max(0, Math.round(now.getTime() - (endedAt === undefined ? lastSeen : Date.parse(endedAt))));
    const reason = `resumed at step ${step}`;
    alpha = await AlphaWriter.continue(folder, step);
    const log = join(folder, "events.jsonl");
    const kind = { id: before.id, sealed: before.schema > 1 };
    const mark = { type: "status", t: now.getTime(), status: "running", reason, step } as const;
    const kept = await trimEvents(log, kind, step, mark);
    events = new EventLog(log, before.id, { ...options, next: kept.next });
    const data: RunData = {
      ...before,
      schema: RUN_SCHEMA,
      status: "running",
      process: here,
      resumed: [...(before.resumed ?? []), { at: now.toISOString(), step, gapMs }],
    };
    new AtomicJson(join(folder, "run.json"), parseRun).write(data);
    return new Run(folder, data, events, options, { alpha, upperUpdates: kept.events.filter(isUpperUpdate).length });
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
