import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Source } from "../data/types.js";
import { readAlpha } from "./alphaFiles.js";
import type { AlphaSeries } from "./alphaSeries.js";
import type { Environment } from "./environment.js";
import { readEvents, type RunEvent } from "./events.js";
import type { PlainObject } from "./plain.js";
import type { Artifact, Resumption, RunError, RunStatus } from "./record.js";
import { readRun, type RunHead } from "./runIndex.js";
import { type ProcessIdentity, since, statusNow } from "./status.js";

/** One line of a list of runs. */
export interface RunSummary {
  readonly id: string;
  readonly folder: string;
  readonly name: string;
  readonly group?: string;
  readonly tags: readonly string[];
  /** as it is now: "crashed" when the process is gone */
  readonly status: RunStatus;
  /** why it was interrupted, or the error's message */
  readonly reason?: string;
  readonly seed?: number;
  /** ISO 8601, UTC */
  readonly startedAt: string;
  readonly endedAt?: string;
  /** when and from which step it was continued; absent when it never was */
  readonly resumed?: readonly Resumption[];
  /**
   * From start to end; of a crashed run to its last sign of life, of a running one to now.
   * Without the gaps before it was resumed, but with the time behind what was then logged again.
   */
  readonly wallMs: number;
  readonly params: PlainObject;
  readonly summary: PlainObject;
}

export interface Point {
  readonly step: number;
  readonly value: number;
}

export interface RunDetails extends RunSummary {
  readonly environment: Environment;
  readonly dataFiles: readonly Source[];
  readonly artifacts: readonly Artifact[];
  readonly error?: RunError;
}

/** A stored run. What is a property was read once; the methods read the files as they are now. */
export interface RunRecord extends RunDetails {
  events(): Promise<readonly RunEvent[]>;
  /** names of all logged metrics, in order of first appearance */
  metrics(): Promise<string[]>;
  /** one metric in the order in which it was logged; empty when it never was */
  series(metric: string): Promise<Point[]>;
  /** the weight snapshots; without any, a series of no names and no steps */
  weights(): Promise<AlphaSeries>;
  /** what was damaged and left out by the methods above, such as a last line cut short */
  problems(): Promise<string[]>;
}

export async function openRecord(folder: string, here: ProcessIdentity): Promise<RunRecord> {
  const data = readRun(join(folder, "run.json"));
  const { environment, dataFiles, artifacts, error } = data;
  const log = join(folder, "events.jsonl");
  let cached: { stamp: string; content: ReturnType<typeof readEvents> } | undefined;
  const content = async () => {
    // a log only grows, unless a resumed run replaces it
    const stamp = await stat(log).then(
      ({ size, ino }) => `${size}/${ino}`,
      () => "",
    );
    if (cached?.stamp !== stamp) cached = { stamp, content: readEvents(log) };
    return cached.content;
  };
  const points = async () => (await content()).events.filter((event) => event.type === "metrics");
  return {
    ...(await summarize(folder, data, here)),
    environment,
    dataFiles,
    artifacts,
    ...(error && { error }),
    events: async () => (await content()).events,
    metrics: async () => [...new Set((await points()).flatMap((event) => Object.keys(event.metrics)))],
    series: async (metric) =>
      (await points())
        .filter((event) => Object.hasOwn(event.metrics, metric))
        .map((event) => ({ step: event.step, value: event.metrics[metric] })),
    weights: async () => (await readAlpha(folder)).series,
    problems: async () => {
      const { dropped } = await content();
      const { problem } = await readAlpha(folder);
      const lines = dropped.map(({ line, text }) => `${log} line ${line} is cut or damaged: ${text.slice(0, 80)}`);
      return problem === undefined ? lines : [...lines, problem];
    },
  };
}

export async function summarize(folder: string, head: RunHead, here: ProcessIdentity): Promise<RunSummary> {
  const { id, name, group, tags, seed, startedAt, endedAt, resumed, params, summary } = head;
  const lastSeen = head.status === "running" ? await lastSeenMs(folder, head) : 0;
  const status = statusNow(head, lastSeen, here);
  const end = endedAt !== undefined ? Date.parse(endedAt) : status === "running" ? Date.now() : lastSeen;
  const gaps = (resumed ?? []).reduce((sum, { gapMs }) => sum + gapMs, 0);
  const reason = head.reason ?? head.error?.message;
  return {
    id,
    folder,
    name,
    ...(group !== undefined && { group }),
    tags,
    status,
    ...(reason !== undefined && { reason }),
    ...(seed !== undefined && { seed }),
    startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(resumed && { resumed }),
    wallMs: Math.max(0, Math.round(end - Date.parse(startedAt) - gaps)),
    params,
    summary,
  };
}

/** The last sign of life of a run that says "running", ms since epoch. */
export async function lastSeenMs(folder: string, head: RunHead): Promise<number> {
  try {
    return (await stat(join(folder, "events.jsonl"))).mtimeMs;
  } catch {
    return since(head);
  }
}
