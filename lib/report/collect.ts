import { type ComparedGroup, compareRuns } from "../tracker/compare.js";
import type { Digests } from "../tracker/digest.js";
import { flatten, type PlainObject, stringify } from "../tracker/plain.js";
import type { Point, RunRecord, RunSummary } from "../tracker/runRecord.js";
import { fiveDigits, type LoggedSeries, reportCurve } from "./curves.js";
import { reportFacts } from "./facts.js";
import { differing, own } from "./page/differing.js";
import type { ReportCell, ReportConfig, ReportCurve, ReportData, ReportDigest, ReportRun } from "./types.js";
import { reportWeights } from "./weights.js";

/** Text of an entry of a run's weight vector, for example the problem of a data row; undefined: none is shown. */
export type WeightText = (entry: string, run: RunRecord) => string | undefined;

/**
 * Reads all that the page shows, one configuration after the other: no more than the events of its runs and the weights
 * of one of them are in memory at once.
 *
 * @param open  reads a run; what it returns is let go of
 */
export async function collectRuns(
  summaries: readonly RunSummary[],
  open: (run: number) => Promise<RunRecord>,
  weightText: WeightText,
): Promise<Pick<ReportData, "runs" | "configs" | "curves">> {
  const { groups } = compareRuns(summaries);
  const labels = configLabels(groups);
  const runs: ReportRun[] = [];
  const curves: ReportCurve[] = [];
  for (const [config, group] of groups.entries()) {
    const logged = new Map<string, LoggedSeries[]>();
    for (const run of summaries.keys()) {
      if (!group.runs.includes(summaries[run].id)) continue;
      const record = await open(run);
      for (const [metric, points] of await allSeries(record)) {
        logged.set(metric, [...(logged.get(metric) ?? []), { run, points }]);
      }
      runs[run] = await reportRun(record, config, weightText);
    }
    curves.push(...[...logged].map(([metric, series]) => reportCurve(metric, config, series)));
  }
  return { runs, curves, configs: groups.map((group, c) => reportConfig(group, labels[c], summaries)) };
}

/** All metrics in one pass over the events. */
async function allSeries(record: RunRecord): Promise<Map<string, Point[]>> {
  const series = new Map<string, Point[]>();
  for (const event of await record.events()) {
    if (event.type !== "metrics") continue;
    for (const [metric, value] of Object.entries(event.metrics)) {
      const points = series.get(metric);
      if (points) points.push({ step: event.step, value });
      else series.set(metric, [{ step: event.step, value }]);
    }
  }
  return series;
}

const digestsOf = (digests: Digests): Record<string, ReportDigest> =>
  Object.fromEntries(
    Object.entries(digests).map(([metric, { last, min, max }]) => [
      metric,
      { last: fiveDigits(last.value), min: fiveDigits(min.value), max: fiveDigits(max.value) },
    ]),
  );

async function reportRun(record: RunRecord, config: number, weightText: WeightText): Promise<ReportRun> {
  const { id, name, group, tags, status, reason, seed, startedAt, endedAt, wallMs, error } = record;
  const notes = (await record.events()).filter((event) => event.type === "note").map(({ t, text }) => ({ t, text }));
  const weights = reportWeights(await record.weights(), (entry) => weightText(entry, record));
  return {
    ...{ id, name, tags, status, startedAt, wallMs, config, notes },
    remarks: record.notes,
    digests: digestsOf(record.digests),
    ...(group !== undefined && { group }),
    ...(reason !== undefined && { reason }),
    ...(seed !== undefined && { seed }),
    ...(endedAt !== undefined && { endedAt }),
    params: cells(record.params),
    summary: cells(record.summary),
    facts: reportFacts(record),
    ...(error && { error: error.stack ?? error.message }),
    problems: await record.problems(),
    ...(weights && { weights }),
  };
}

const cells = (values: PlainObject): Record<string, ReportCell> =>
  Object.fromEntries(
    Object.entries(flatten(values)).map(([path, value]) => [
      path,
      typeof value === "object" && value !== null ? stringify(value) : value,
    ]),
  );

function reportConfig(group: ComparedGroup, label: string, runs: readonly RunSummary[]): ReportConfig {
  const unfinished = runs.filter((run) => group.runs.includes(run.id) && run.status !== "finished").length;
  const metrics = Object.entries(group.metrics).map(([metric, { values: _, ...spread }]) => [metric, spread] as const);
  return {
    label,
    name: namesOf(group),
    runs: group.runs.length,
    unfinished,
    params: cells(group.params),
    metrics: Object.fromEntries(metrics),
  };
}

/** The name, with the parameters in which configurations of the same name differ. */
function configLabels(groups: readonly ComparedGroup[]): string[] {
  const params = groups.map((group) => cells(group.params));
  return groups.map((group, c) => {
    const name = namesOf(group);
    const namesakes = params.filter((_, other) => namesOf(groups[other]) === name);
    const settings = differing(namesakes).map((path) => `${path.split(".").at(-1)}=${own(params[c], path) ?? "–"}`);
    return [name, ...settings].join(" ");
  });
}

/** "domain table" for "domain table, seed 1", "domain table, seed 2": a group is of several seeds anyway. */
function namesOf({ names: all }: ComparedGroup): string {
  const names = [...new Set(all.map((name) => name.replace(/[,\s]*\bseed\W?\d+$/i, "") || name))];
  return names.length <= 3 ? names.join(", ") : `${names[0]}, … (${names.length} names)`;
}
