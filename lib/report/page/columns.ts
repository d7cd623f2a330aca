import type { ReportCell, ReportData, ReportRun } from "../types.js";
import { differing, own, union } from "./differing.js";
import { alignedText, cellText, dateText, durationText } from "./format.js";

export interface Column {
  /** for filters: "status", "params.lower.learningRate", "summary.auc", "metrics.loss.last" */
  readonly key: string;
  readonly title: string;
  readonly group: "Run" | "Parameters" | "Summary" | "Metrics";
  readonly value: (run: ReportRun) => ReportCell | undefined;
  readonly text: (run: ReportRun) => string;
  readonly numeric: boolean;
  /** shown until the reader chooses */
  readonly preset: boolean;
}

const [PARAMETERS, NUMBERS] = [4, 4];

/** All columns that the runs have something for, the name first; at first those are shown that tell runs apart. */
export function columnsOf({ runs }: ReportData): Column[] {
  const column = (
    group: Column["group"],
    key: string,
    title: string,
    value: Column["value"],
    preset: boolean,
    text?: Column["text"],
  ): Column[] => {
    const values = runs.map(value).filter((v) => v !== undefined);
    if (values.length === 0) return [];
    const numbers = values.filter((v) => typeof v === "number");
    const numeric = numbers.length === values.length;
    return [{ group, key, title, value, text: text ?? plain(value, numeric ? numbers : []), numeric, preset }];
  };
  const params = union(runs.map((run) => run.params)).filter((path) => path !== "seed");
  const telling = differing(runs.map((run) => run.params)).filter((path) => path !== "seed");
  const summary = union(runs.map((run) => run.summary));
  const numbers = summary.filter((path) => runs.some((run) => typeof own(run.summary, path) === "number"));
  const metrics = union(runs.map((run) => run.digests));
  const logged = metrics.slice(0, Math.max(0, NUMBERS - numbers.length));
  return [
    ...column("Run", "name", "name", (run) => run.name, true),
    ...column("Run", "status", "status", (run) => run.status, true),
    ...column("Run", "seed", "seed", (run) => run.seed, true),
    ...summary.flatMap((path) =>
      column("Summary", `summary.${path}`, path, (r) => own(r.summary, path), numbers.slice(0, NUMBERS).includes(path)),
    ),
    ...metrics.flatMap((name) =>
      (["last", "min", "max"] as const).flatMap((which) =>
        column(
          "Metrics",
          `metrics.${name}.${which}`,
          `${name} ${which}`,
          (run) => own(run.digests, name)?.[which],
          which === "last" && logged.includes(name),
        ),
      ),
    ),
    ...params.flatMap((path) =>
      column(
        "Parameters",
        `params.${path}`,
        path,
        (r) => own(r.params, path),
        telling.slice(0, PARAMETERS).includes(path),
      ),
    ),
    ...column("Run", "group", "group", (run) => run.group, new Set(runs.map((run) => run.group)).size > 1),
    ...column("Run", "tags", "tags", (run) => (run.tags.length > 0 ? run.tags.join(", ") : undefined), false),
    ...column(
      "Run",
      "startedAt",
      "started (UTC)",
      (run) => run.startedAt,
      true,
      (run) => dateText(run.startedAt),
    ),
    ...column(
      "Run",
      "wallMs",
      "took",
      (run) => run.wallMs,
      true,
      (run) => durationText(run.wallMs),
    ),
    ...column("Run", "reason", "reason", (run) => run.reason, false),
    ...column("Run", "remarks", "notes", (run) => run.remarks || undefined, false),
    ...column("Run", "id", "id", (run) => run.id, false),
  ];
}

function plain(valueOf: Column["value"], numbers: readonly number[]): Column["text"] {
  const text = alignedText(numbers);
  return (run) => {
    const value = valueOf(run);
    return typeof value === "number" ? text(value) : cellText(value);
  };
}

/** Ascending: numbers, NaN, then texts; what is missing comes last either way. */
export function compareCells(a: ReportCell | undefined, b: ReportCell | undefined, descending: boolean): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const sign = descending ? -1 : 1;
  if (typeof a === "number" && typeof b === "number") {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  }
  if (typeof a === "number" || typeof b === "number") return sign * (typeof a === "number" ? -1 : 1);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
}
