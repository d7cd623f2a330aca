import { pairedDifference, type PairedDifference } from "../select/paired.js";
import type { Directions } from "./metricValue.js";
import { metricReader } from "./query/metricName.js";
import type { RunSummary } from "./runRecord.js";

/** Two groups on the seeds that they share. */
export interface GroupComparison extends PairedDifference {
  readonly metric: string;
  /** ascending; the values and differences are in this order */
  readonly seeds: readonly number[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** seeds that only one group has, or of which a run lacks the metric, ascending */
  readonly unpaired: readonly number[];
}

/**
 * Paired comparison of two groups of runs over their common seeds: a − b with its intervals and sign-flip test, as
 * `pairedDifference` has it.
 *
 * @param metric  as in a query, without `metrics.`: "auc", "upper.loss.best"
 * @param options.seed   of the bootstrap and of sampled sign patterns; defaults to 1
 * @param options.level  of the intervals; defaults to .95
 * @param options.best   whether the greatest or the least value of a metric is its best, where its name misleads
 * @throws RangeError when no seed is in both groups with the metric; when a run has no seed, shares it with another one
 *   of its group, or has NaN or ±Infinity, naming the run
 * @example
 * const runs = await store.list({ group: "demo", status: "finished" });
 * const of = (weighting: string) => runs.filter((run) => run.params.weighting === weighting);
 * const { mean, bootstrap, signFlip } = compareGroups(of("instance-table"), of("domain-table"), "auc");
 */
export function compareGroups(
  a: readonly RunSummary[],
  b: readonly RunSummary[],
  metric: string,
  { seed = 1, level = 0.95, best }: { seed?: number; level?: number; best?: Directions } = {},
): GroupComparison {
  const read = metricReader(metric, [...a, ...b], best);
  const [first, second] = [bySeed(a, metric, read), bySeed(b, metric, read)];
  const all = [...new Set([...first.keys(), ...second.keys()])].sort((x, y) => x - y);
  const isPaired = (s: number) => first.get(s) !== undefined && second.get(s) !== undefined;
  const seeds = all.filter(isPaired);
  if (seeds.length === 0) {
    const list = (group: ReadonlyMap<number, unknown>) => [...group.keys()].join(", ") || "none";
    throw new RangeError(
      `compareGroups: no seed has ${metric} in both groups; their seeds are ${list(first)} and ${list(second)}`,
    );
  }
  const values = (group: ReadonlyMap<number, number | undefined>) => seeds.map((s) => group.get(s) as number);
  const [x, y] = [values(first), values(second)];
  const unpaired = all.filter((s) => !isPaired(s));
  return { metric, seeds, a: x, b: y, unpaired, ...pairedDifference(x, y, { seed, level }) };
}

function bySeed(
  runs: readonly RunSummary[],
  metric: string,
  read: (run: RunSummary) => number | undefined,
): Map<number, number | undefined> {
  const values = new Map<number, number | undefined>();
  for (const run of runs) {
    const value = read(run);
    const refuse = (what: string) => new RangeError(`compareGroups: run ${run.id} (${run.name}) ${what}`);
    if (run.seed === undefined) throw refuse("has no seed, by which runs are paired");
    if (values.has(run.seed)) throw refuse(`is the second of its group with seed ${run.seed}: choose one of them`);
    if (value !== undefined && !Number.isFinite(value))
      throw refuse(`has ${metric} = ${value}: leave it out, and say so`);
    values.set(run.seed, value);
  }
  return values;
}
