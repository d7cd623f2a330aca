import { openAlpha } from "../tracker/alpha/reader.js";
import type { Environment } from "../tracker/environment.js";
import type { RunEvent } from "../tracker/events.js";
import { flatten, type PlainObject, stringify } from "../tracker/plain.js";
import type { Point, RunDetails, RunRecord } from "../tracker/runRecord.js";
import type { Usage } from "../tracker/resources.js";
import { bytesText } from "../core/bytesText.js";
import { alignedColumns, durationText, numberText, textTable } from "./table.js";

/** What `runs show` prints: the record, the lines that were noted while it ran, and its last weights. */
export interface Description extends RunDetails {
  readonly log: readonly NoteEvent[];
  /** undefined when the run logged none */
  readonly weights: WeightDigest | undefined;
}

type NoteEvent = Extract<RunEvent, { type: "note" }>;

export interface WeightDigest {
  readonly entries: number;
  readonly snapshots: number;
  /** of the last snapshot */
  readonly step: number;
  /** heaviest first */
  readonly top: readonly NamedWeight[];
  /** the lightest of those that are not in `top`, lightest last */
  readonly bottom: readonly NamedWeight[];
}

interface NamedWeight {
  readonly name: string;
  readonly weight: number;
}

export async function describeRun(record: RunRecord): Promise<Description> {
  const details: RunDetails = record; // its methods are functions, which JSON leaves out
  const log = (await record.events()).filter((event) => event.type === "note");
  return { ...details, log, weights: await weightDigest(record) };
}

const EXTREMES = 5;

async function weightDigest({ folder }: RunRecord): Promise<WeightDigest | undefined> {
  const alpha = await openAlpha(folder);
  try {
    const { entries, steps } = alpha;
    if (steps.length === 0) return undefined;
    const names = await alpha.names();
    const last = await alpha.row(steps.length - 1);
    const sorted = names
      .map((name, k) => ({ name, weight: last[k] }))
      .sort((a, b) => (Number.isNaN(a.weight) ? 1 : Number.isNaN(b.weight) ? -1 : b.weight - a.weight));
    return {
      entries,
      snapshots: steps.length,
      step: steps[steps.length - 1],
      top: sorted.slice(0, EXTREMES),
      bottom: sorted.slice(EXTREMES).slice(-EXTREMES),
    };
  } finally {
    await alpha.close();
  }
}

export function descriptionText(run: Description): string {
  const { weights } = run;
  const value = (point: Point) => [numberText(point.value), String(point.step)];
  const metrics = Object.entries(run.digests).map(([name, { points, first, last, min, max }]) => [
    name,
    String(points),
    ...[first, last, min, max].flatMap(value),
  ]);
  const header = ["metric", "points", "first", "step", "last", "step", "min", "step", "max", "step"];
  return [
    section(run.id, facts(run)),
    section("parameters", pairs(run.params)),
    section("summary", pairs(run.summary)),
    metrics.length > 0 ? section("metrics", textTable(header, metrics)) : "",
    weights ? section(weightTitle(weights), textTable(["entry", "weight"], weightRows(weights))) : "",
    section("environment", environmentText(run.environment)),
    section("data files", alignedColumns(run.dataFiles.map((f) => [f.path, `${f.rows} rows`, hash(f.sha256)]))),
    section("artifacts", alignedColumns(run.artifacts.map((a) => [a.name, `${a.bytes} bytes`, hash(a.sha256)]))),
    section("notes", run.notes),
    section("noted while it ran", alignedColumns(run.log.map((n) => [new Date(n.t).toISOString(), n.text]))),
    run.error?.stack ? section("error", run.error.stack) : "",
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

function facts(run: Description): string {
  const why = run.reason === undefined ? "" : ` (${run.reason})`;
  return alignedColumns([
    ["name", run.name],
    ["status", `${run.status}${why} after ${durationText(run.wallMs)}`],
    ["started", run.startedAt],
    ...(run.resumed ?? []).map(({ at, step }) => ["resumed", `${at} from step ${step}`]),
    ...(run.usage === undefined ? [] : [["used", usageText(run.usage)]]),
    ...(run.group === undefined ? [] : [["group", run.group]]),
    ...(run.tags.length === 0 ? [] : [["tags", run.tags.join(", ")]]),
    ...(run.seed === undefined ? [] : [["seed", String(run.seed)]]),
    ...(run.parent === undefined ? [] : [["part of", run.parent]]),
    ...(run.archived ? [["archived", "yes"]] : []),
    ["folder", run.folder],
  ]);
}

const usageText = ({ cpuMs, peakRssBytes }: Usage): string =>
  `${durationText(cpuMs)} of CPU time, at most ${bytesText(peakRssBytes)} of memory`;

const weightTitle = ({ entries, snapshots, step }: WeightDigest): string =>
  `weights: ${entries} entries, ${snapshots} snapshots, the last at step ${step}`;

function weightRows({ entries, top, bottom }: WeightDigest): string[][] {
  const rows = (list: readonly NamedWeight[]) => list.map(({ name, weight }) => [name, numberText(weight)]);
  return [...rows(top), ...(entries > top.length + bottom.length ? [["…", ""]] : []), ...rows(bottom)];
}

function environmentText({ git, cpu, memoryBytes, gpus, argv, packages, lockFile, ...rest }: Environment): string {
  const commit =
    git && `${git.commit}${git.branch === undefined ? "" : ` on ${git.branch}`}${git.dirty ? ", dirty" : ""}`;
  const list = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return alignedColumns([
    ["git", commit ?? "none"],
    ["command", argv.join(" ")],
    ["cpu", `${cpu.model}, ${cpu.cores} cores`],
    ["memory", bytesText(memoryBytes)],
    ...gpus.map((gpu) => ["gpu", stringify(gpu)]),
    ...Object.entries(rest).map(([name, value]) => [name, cellText(value)]),
    ...(lockFile ? [["lock file", `${lockFile.path}, ${hash(lockFile.sha256)}`]] : []),
    ["packages", list.join(", ")],
  ]);
}

const hash = (sha256: string): string => `sha256 ${sha256.slice(0, 16)}…`;

const cellText = (value: unknown): string => (typeof value === "string" ? value : stringify(value));

const pairs = (object: PlainObject): string =>
  alignedColumns(Object.entries(flatten(object)).map(([name, value]) => [name, cellText(value)]));

const section = (title: string, body: string): string =>
  body === "" ? "" : `${title}\n${body.replace(/^(?=.)/gm, "  ")}`;
