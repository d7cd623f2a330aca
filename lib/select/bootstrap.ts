import { quantileSorted } from "simple-statistics";
import { random } from "../core/random.js";
import { requireFinite } from "../core/statistics.js";

/**
 * Percentile bootstrap interval of the mean: resample with replacement, take the (1 ± level)/2 quantiles of the means.
 * Of few values it is too narrow (three values: 1 in 9 resamples is a single value); see `meanInterval`.
 * @returns [low, high]
 */
export function bootstrapInterval(
  values: readonly number[],
  { seed, level = 0.95, resamples = 2000 }: { seed: number; level?: number; resamples?: number },
): [low: number, high: number] {
  requireFinite(values, "bootstrapInterval", 1);
  if (!(level > 0 && level < 1)) throw new RangeError(`bootstrapInterval: level is ${level}; it must lie in (0, 1)`);
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(`bootstrapInterval: resamples is ${resamples}; it must be a positive integer`);
  }
  const draw = random(seed);
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[draw.integer(values.length)];
    return sum / values.length;
  });
  const sorted = Array.from(means.sort());
  return [quantileSorted(sorted, (1 - level) / 2), quantileSorted(sorted, (1 + level) / 2)];
}
