import type { Point } from "../tracker/runRecord.js";
import type { ReportCurve } from "./types.js";

/** Points shown per curve: about two per pixel of a small plot. */
export const SHOWN_POINTS = 600;

/**
 * Indices of about `limit` values that keep the look of a line: of each of limit/2 buckets of neighbours the least, the
 * greatest and the first that is not finite, and the first and last value of all. So no extreme is lost.
 */
export function keptIndices(values: readonly number[], limit: number): number[] {
  const n = values.length;
  if (n <= limit) return values.map((_, i) => i);
  const buckets = Math.max(1, Math.floor(limit / 2) - 1);
  const kept = new Set([0]);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const [start, end] = [bucket, bucket + 1].map((b) => Math.floor((b * n) / buckets)) as [number, number];
    let [least, greatest, odd] = [-1, -1, -1];
    for (let i = start; i < end; i++) {
      if (!Number.isFinite(values[i])) odd = odd === -1 ? i : odd;
      else {
        if (least === -1 || values[i] < values[least]) least = i;
        if (greatest === -1 || values[i] > values[greatest]) greatest = i;
      }
    }
    for (const i of [least, greatest, odd]) if (i !== -1) kept.add(i);
  }
  return [...kept.add(n - 1)].sort((a, b) => a - b);
}

/** A metric of one run as it was logged. */
export interface LoggedSeries {
  /** index into the report's runs */
  readonly run: number;
  readonly points: readonly Point[];
}

/**
 * The runs of one configuration at the same steps, so that the page can average them: the union of what each run keeps.
 * Of values logged at the same step the last one counts; steps that are not finite are left out.
 */
export function reportCurve(metric: string, config: number, logged: readonly LoggedSeries[]): ReportCurve {
  const limit = Math.max(8, Math.floor(SHOWN_POINTS / logged.length));
  const series = logged.map(({ run, points }) => {
    const valueAt = new Map(points.filter((p) => Number.isFinite(p.step)).map((p) => [p.step, p.value]));
    return { run, valueAt, points: points.length };
  });
  const kept = series.flatMap(({ valueAt }) => {
    const steps = [...valueAt.keys()].sort((a, b) => a - b);
    const values = steps.map((step) => valueAt.get(step) as number);
    return keptIndices(values, limit).map((i) => steps[i]);
  });
  const steps = [...new Set(kept)].sort((a, b) => a - b);
  const runs = series.map(({ run, valueAt, points }) => {
    const values = steps.map((step) => rounded(valueAt.get(step)));
    return { run, values, points, shown: values.filter((v) => v !== null).length };
  });
  return { metric, config, steps, runs };
}

/** Five digits are more than a screen shows, and half the bytes. */
export const fiveDigits = (value: number): number => Number(value.toPrecision(5));

const rounded = (value: number | undefined): number | null => (value === undefined ? null : fiveDigits(value));
