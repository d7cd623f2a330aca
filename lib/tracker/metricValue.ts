import type { RunSummary } from "./runRecord.js";
import { lookup } from "./query/values.js";

export const STATISTICS = ["first", "last", "best", "min", "max", "mean"] as const;
export type Statistic = (typeof STATISTICS)[number];

/** Which extreme of a metric is the best one. */
export type Direction = "min" | "max";
/** By name of the metric, where {@link bestDirection} guesses wrong. */
export type Directions = Readonly<Record<string, Direction>>;

const LOWER_IS_BETTER =
  /^(?:loss|losses|error|errors|err|mae|mse|rmse|nll|perplexity|ppl|brier|ece|kl|regret|divergence|distance)$/;

/**
 * "min" when a word of the name says loss, error, MAE, MSE, RMSE, NLL, perplexity, Brier, ECE, KL, regret, divergence or
 * distance; else "max". Words end at signs, digits and capitals: `upper.weightedLoss` has "loss", `lossless` has not.
 */
export function bestDirection(metric: string, directions: Directions = {}): Direction {
  if (Object.hasOwn(directions, metric)) return directions[metric];
  const words = metric
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word) => LOWER_IS_BETTER.test(word)) ? "min" : "max";
}

/**
 * A number of a run's metric, from the digest of its series. Without `statistic` it is the summary's number of that name,
 * or else the last one logged. A metric that only the summary has, such as a final AUC, counts as a series of one value.
 *
 * @param directions  of `best`; defaults to {@link bestDirection}
 * @returns undefined when the run has no such metric; `mean` is over the finite values, and NaN when there is none
 */
export function metricValue(
  run: RunSummary,
  metric: string,
  statistic?: Statistic,
  directions?: Directions,
): number | undefined {
  const digest = Object.hasOwn(run.digests, metric) ? run.digests[metric] : undefined;
  if (statistic === undefined || !digest) {
    const final = lookup(run.summary, metric.split("."));
    return typeof final === "number" ? final : digest?.last.value;
  }
  if (statistic === "mean") return digest.mean;
  return digest[statistic === "best" ? bestDirection(metric, directions) : statistic].value;
}
