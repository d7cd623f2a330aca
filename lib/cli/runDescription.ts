import type { Environment } from "../tracker/environment.js";
import { flatten, type PlainObject, stringify } from "../tracker/plain.js";
import type { Point, RunDetails, RunRecord } from "../tracker/runRecord.js";
import { alignedColumns, durationText, numberText, textTable } from "./table.js";

/** What `runs show` prints: the record and a digest of its series. */
export interface Description extends RunDetails {
  readonly notes: readonly { readonly t: number; readonly text: string }[];
  readonly metrics: readonly MetricDigest[];
  /** undefined when the run logged none */
  readonly weights: WeightDigest | undefined;
}

/** Which extreme is the best one depends on the metric. NaN is no extreme while there are numbers. */
export interface MetricDigest {
  readonly name: string;
  readonly points: number;
  readonly first: Point;
  readonly last: Point;
  readonly min: Point;
  readonly max: Point;
}

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
  const notes = (await record.events()).filter((event) => event.type === "note").map(({ t, text }) => ({ t, text }));
  const digests: MetricDigest[] = [];
  for (const name of await record.metrics()) digests.push(digest(name, await record.series(name)));
  const weights = await weightDigest(record);
  return { ...details, notes, metrics: digests, weights };
}

function digest(name: string, points: readonly Point[]): MetricDigest {
  const [first, last] = [points[0], points[points.length - 1]];
  let [min, max] = [first, first];
  for (const point of points) {
    if (point.value < min.value || Number.isNaN(min.value)) min = point;
    if (point.value > max.value || Number.isNaN(max.value)) max = point;
  }
  return { name, points: points.length, first, last, min, max };
}

const EXTREMES = 5;

async function weightDigest(record: RunRecord): Promise<WeightDigest | undefined> {
  const series = await record.weights();
  const { names, steps } = series;
  if (steps.length === 0) return undefined;
  const last = series.last();
  const sorted = names
    .map((name, k) => ({ name, weight: last[k] }))
    .sort((a, b) => (Number.isNaN(a.weight) ? 1 : Number.isNaN(b.weight) ? -1 : b.weight - a.weight));
  return {
    entries: names.length,
    snapshots: steps.length,
    step: steps[steps.length - 1],
    top: sorted.slice(0, EXTREMES),
    bottom: sorted.slice(EXTREMES).slice(-EXTREMES),
  };
}

export function descriptionText(run: Description): string {
  const { weights } = run;
  const value = (point: Point) => [numberText(point.value), String(point.step)];
  const metrics = run.metrics.map((m) => [m.name, String(m.points), ...[m.first, m.last, m.min, m.max].flatMap(value)]);
  const header = ["metric", "points", "first", "step", "last", "step", "min", "step", "max", "step"];
  return [
    section(run.id, facts(run)),
    section("parameters", pairs(run.params)),
    section("summary", pairs(run.summary)),
    metrics.length > 0 ? section("metrics", textTable(header, metrics)) : "",
    weights ? section(weightTitle(weights), textTable(["entry", "weight"], weightRows(weights))) : "",
    section("environment", environmentText(run.environment)),
    section("data files", alignedColumns(run.dataFiles.map((f) => [f.path, `${f.rows} rows, sha256 ${f.sha256}`]))),
    section("artifacts", alignedColumns(run.artifacts.map((a) => [a.name, `${a.bytes} bytes, sha256 ${a.sha256}`]))),
    section("notes", alignedColumns(run.notes.map((n) => [new Date(n.t).toISOString(), n.text]))),
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
    ...(run.group === undefined ? [] : [["group", run.group]]),
    ...(run.tags.length === 0 ? [] : [["tags", run.tags.join(", ")]]),
    ...(run.seed === undefined ? [] : [["seed", String(run.seed)]]),
    ["folder", run.folder],
  ]);
}

const weightTitle = ({ entries, snapshots, step }: WeightDigest): string =>
  `weights: ${entries} entries, ${snapshots} snapshots, the last at step ${step}`;

function weightRows({ entries, top, bottom }: WeightDigest): string[][] {
  const rows = (list: readonly NamedWeight[]) => list.map(({ name, weight }) => [name, numberText(weight)]);
  return [...rows(top), ...(entries > top.length + bottom.length ? [["…", ""]] : []), ...rows(bottom)];
}

function environmentText({ git, cpu, memoryBytes, packages, lockFile, ...rest }: Environment): string {
  const commit =
    git && `${git.commit}${git.branch === undefined ? "" : ` on ${git.branch}`}${git.dirty ? ", dirty" : ""}`;
  const list = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return alignedColumns([
    ["git", commit ?? "none"],
    ["cpu", `${cpu.model}, ${cpu.cores} cores`],
    ["memory", `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ...Object.entries(rest).map(([name, value]) => [name, cellText(value)]),
    ...(lockFile ? [["lock file", `${lockFile.path}, sha256 ${lockFile.sha256}`]] : []),
    ["packages", list.join(", ")],
  ]);
}

const cellText = (value: unknown): string => (typeof value === "string" ? value : stringify(value));

const pairs = (object: PlainObject): string =>
  alignedColumns(Object.entries(flatten(object)).map(([name, value]) => [name, cellText(value)]));

const section = (title: string, body: string): string =>
  body === "" ? "" : `${title}\n${body.replace(/^(?=.)/gm, "  ")}`;
