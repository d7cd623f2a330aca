import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Source } from "../data/types.js";
import { errorText } from "../core/errorText.js";
import { readAlpha } from "./alpha/files.js";
import { VALUES } from "./alpha/header.js";
import { type AlphaReader, openAlpha } from "./alpha/reader.js";
import type { AlphaSeries } from "./alpha/series.js";
import type { Environment } from "./environment.js";
import { hashOf } from "./artifacts.js";
import type { Digests, Point } from "./digest.js";
import { readEvents } from "./eventReader.js";
import type { RunEvent } from "./events.js";
import type { PlainObject } from "./plain.js";
import type { Artifact, Resumption, RunError, RunStatus } from "./record.js";
import type { Usage } from "./resources.js";
import { type Entry, readRun } from "./runIndex.js";
import { type ProcessIdentity, statusNow } from "./status.js";

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
  /** free text, "" when there is none; lines logged by `run.note` are events */
  readonly notes: string;
  /** id of the run that this one belongs to; absent when it stands alone */
  readonly parent?: string;
  /** true when it was put aside: left out of lists that do not ask for it */
  readonly archived?: boolean;
  /** of every logged metric, in order of first appearance */
  readonly digests: Digests;
}

export type { MetricDigest, Point } from "./digest.js";

export interface RunDetails extends RunSummary {
  readonly environment: Environment;
  readonly dataFiles: readonly Source[];
  readonly artifacts: readonly Artifact[];
  readonly error?: RunError;
  /** CPU time and peak memory; absent when the run was killed or still runs */
  readonly usage?: Usage;
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
  /** the same without reading it whole: one entry, or one snapshot, of 10⁶ weights; `close` it after use */
  openWeights(): Promise<AlphaReader>;
  /**
   * Path of a kept file. It may be the same file as other runs' and is read-only: copy it before changing it.
   *
   * @param options  verify: read it and compare its size and SHA-256 with those of the day on which it was kept
   * @throws Error when there is no such artifact, or it is not what was kept
   */
  artifact(name: string, options?: { readonly verify?: boolean }): Promise<string>;
  /** what was damaged and left out by the methods above, such as a last line cut short, and what was never written */
  problems(): Promise<string[]>;
}

/** @param entry  what the list knows of the run */
export function openRecord(folder: string, entry: Entry, here: ProcessIdentity): RunRecord {
  const {
    schema,
    id,
    environment,
    dataFiles,
    artifacts,
    error,
    usage,
    dropped = 0,
  } = readRun(join(folder, "run.json"));
  const log = join(folder, "events.jsonl");
  let cached: { stamp: string; content: ReturnType<typeof readEvents> } | undefined;
  const content = async () => {
    // a log only grows, unless a resumed run replaces it
    const stamp = await stat(log).then(
      ({ size, ino }) => `${size}/${ino}`,
      () => "",
    );
    if (cached?.stamp !== stamp) cached = { stamp, content: readEvents(log, { id, sealed: schema > 1 }) };
    return cached.content;
  };
  const points = async () => (await content()).events.filter((event) => event.type === "metrics");
  return {
    ...summarize(folder, entry, here),
    environment,
    dataFiles,
    artifacts,
    ...(error && { error }),
    ...(usage && { usage }),
    events: async () => (await content()).events,
    metrics: async () => [...new Set((await points()).flatMap((event) => Object.keys(event.metrics)))],
    series: async (metric) =>
      (await points())
        .filter((event) => Object.hasOwn(event.metrics, metric))
        .map((event) => ({ step: event.step, value: event.metrics[metric] })),
    weights: async () => (await readAlpha(folder)).series,
    openWeights: () => openAlpha(folder),
    artifact: (name, { verify = false } = {}) => artifactPath(folder, artifacts, name, verify),
    problems: async () => {
      const { events, problems } = await content();
      const ended = entry.head.status !== "running" && schema > 1;
      const cut = ended && events.at(-1)?.type !== "status";
      return [
        ...problems,
        ...(cut ? [`${log} does not reach the end of the run: its last events are missing`] : []),
        ...(dropped > 0 ? [`${dropped} events or snapshots of ${folder} could not be written while it ran`] : []),
        ...(entry.problem === undefined ? [] : [entry.problem]),
        ...(await alphaProblem(folder)),
        ...(entry.head.status === "finished" ? await unlistedSnapshots(folder) : []),
      ];
    },
  };
}

async function alphaProblem(folder: string): Promise<string[]> {
  try {
    const { problem } = await readAlpha(folder);
    return problem === undefined ? [] : [problem];
  } catch (error) {
    return [errorText(error)];
  }
}

/** Of a finished run: values are written before their step is, so any other may have ended between the two. */
async function unlistedSnapshots(folder: string): Promise<string[]> {
  const file = join(folder, VALUES);
  const bytes = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  const alpha = await openAlpha(folder).catch(() => undefined);
  await alpha?.close();
  if (!alpha || alpha.entries === 0 || bytes < 4 * alpha.entries * (alpha.steps.length + 1)) return [];
  return [`${file} holds more snapshots than the ${alpha.steps.length} that alpha.json lists: a step is lost`];
}

async function artifactPath(folder: string, kept: readonly Artifact[], name: string, verify: boolean): Promise<string> {
  const artifact = kept.find((a) => a.name === name);
  if (!artifact) {
    const names = kept.map((a) => a.name).join(", ") || "none";
    throw new Error(`no artifact "${name}" in ${folder}; there are: ${names}`);
  }
  const path = join(folder, "artifacts", ...name.split("/"));
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new Error(`artifact ${path} is gone: restore it from a copy with SHA-256 ${artifact.sha256}`);
  const same = info.size === artifact.bytes && (!verify || (await hashOf(path)) === artifact.sha256);
  if (!same) {
    throw new Error(`artifact ${path} was changed since it was kept: its SHA-256 was ${artifact.sha256}; use a copy`);
  }
  return path;
}

export function summarize(folder: string, { head, seenMs, digests }: Entry, here: ProcessIdentity): RunSummary {
  const { id, name, group, tags, seed, startedAt, endedAt, resumed, params, summary, notes, parent, archived } = head;
  const status = statusNow(head, seenMs, here);
  const end = endedAt !== undefined ? Date.parse(endedAt) : status === "running" ? Date.now() : seenMs;
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
    notes,
    ...(parent !== undefined && { parent }),
    ...(archived && { archived }),
    digests,
  };
}
