import type { Metrics } from "./events.js";

/** One logged value of a metric. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

/** What a list of runs tells of a metric without its series. Which extreme is the best one depends on the metric. */
export interface MetricDigest {
  /** values logged, NaN and ±Infinity among them */
  readonly points: number;
  /** in the order of logging, whatever the steps */
  readonly first: Point;
  readonly last: Point;
  /** the first of the smallest values; NaN is no extreme while there are numbers, ±Infinity is one */
  readonly min: Point;
  readonly max: Point;
  /** of the finite values; NaN when there is none */
  readonly mean: number;
}

export type Digests = Readonly<Record<string, MetricDigest>>;

interface Sums {
  points: number;
  first: Point;
  last: Point;
  min: Point;
  max: Point;
  finite: number;
  sum: number;
}

/** Digests of all metrics of a run, in order of first appearance; takes one event after another. */
export class Digester {
  readonly #metrics = new Map<string, Sums>();

  add(step: number, metrics: Metrics): void {
    for (const [name, value] of Object.entries(metrics)) {
      const point = { step, value };
      const finite = Number.isFinite(value);
      const sums = this.#metrics.get(name);
      if (!sums) {
        const [first, last, min, max] = [point, point, point, point];
        this.#metrics.set(name, { points: 1, first, last, min, max, finite: Number(finite), sum: finite ? value : 0 });
        continue;
      }
      sums.points++;
      sums.last = point;
      const isFirst = Number.isNaN(sums.min.value) && !Number.isNaN(value);
      if (isFirst || value < sums.min.value) sums.min = point;
      if (isFirst || value > sums.max.value) sums.max = point;
      if (!finite) continue;
      sums.finite++;
      sums.sum += value;
    }
  }

  digests(): Digests {
    const digest = ({ finite, sum, ...rest }: Sums): MetricDigest => ({ ...rest, mean: sum / finite });
    return Object.fromEntries([...this.#metrics].map(([name, sums]) => [name, digest(sums)]));
  }
}

/** The digest of one series, as of `record.series(name)`. @throws RangeError when it is empty */
export function digestOf(points: readonly Point[]): MetricDigest {
  if (points.length === 0) throw new RangeError("an empty series has no digest");
  const digester = new Digester();
  for (const { step, value } of points) digester.add(step, { value });
  return digester.digests().value;
}
