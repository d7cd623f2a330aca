import { bestDirection, type Directions, metricValue, type Statistic, STATISTICS } from "../metricValue.js";
import type { RunSummary } from "../runRecord.js";
import { suggestion } from "./names.js";
import type { Segment } from "./syntax.js";

export interface MetricName {
  readonly metric: string;
  /** "min" or "max" in place of "best"; left out: the summary's number, or else the last one logged */
  readonly statistic?: Statistic;
  /** what is wrong with it: in the runs at hand there is no such metric, or it may mean two */
  readonly problem?: string;
}

/**
 * Which metric, and which number of it, the parts of `upper.loss.best` mean. The last part is a statistic if it is one's
 * name and not quoted; a metric that is itself called `loss.max` is found too, unless there also is one called `loss`.
 */
export function metricName(
  parts: readonly Segment[],
  runs: readonly RunSummary[],
  directions?: Directions,
): MetricName {
  const last = parts[parts.length - 1];
  const [whole, stem] = [parts, parts.slice(0, -1)].map((some) => some.map(({ text }) => text).join("."));
  const isKnown = (metric: string) => runs.some((run) => metricValue(run, metric) !== undefined);
  const unknown = (metric: string) =>
    isKnown(metric) || runs.length === 0
      ? {}
      : { problem: `no run has metrics.${metric}${suggestion(metric, runs, "metrics")}` };
  const statistic = STATISTICS.find((name) => name === last.text);
  if (statistic === undefined || last.quoted || stem === "") return { metric: whole, ...unknown(whole) };
  const quoted = parts.some((part) => part.quoted);
  if (quoted || !isKnown(whole)) {
    const extreme = statistic === "best" ? bestDirection(stem, directions) : statistic;
    return { metric: stem, statistic: extreme, ...unknown(stem) };
  }
  if (!isKnown(stem)) return { metric: whole };
  const problem = `both "${stem}" and "${whole}" are metrics: write metrics."${whole}", or metrics."${stem}".${last.text}`;
  return { metric: whole, problem };
}

/**
 * Reads a metric that is named as in a query, without `metrics.` and quotes: "auc", "upper.loss.best".
 *
 * @throws RangeError when no run has it, with the likeliest names
 */
export function metricReader(
  name: string,
  runs: readonly RunSummary[],
  directions?: Directions,
): (run: RunSummary) => number | undefined {
  const parts = name.split(".").map((text) => ({ text, quoted: false }));
  const { metric, statistic, problem } = metricName(parts, runs, directions);
  if (problem !== undefined) throw new RangeError(problem);
  return (run) => metricValue(run, metric, statistic);
}
