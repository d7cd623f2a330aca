import { intervals } from "./intervals.js";
import type { Figure } from "./types.js";

/** What a method closes of the headroom; has the fields of what `headroomClosed` returns. */
export interface HeadroomEntry {
  readonly name: string;
  /** What stands for the same method under another condition, such as another meta set. */
  readonly group?: string;
  /** Ratio of the mean differences; undefined where there is no headroom. */
  readonly ofMeans: number | undefined;
  /** Share of each seed; undefined for a seed without headroom, which has no point. */
  readonly bySeed: readonly (number | undefined)[];
  readonly interval?: readonly [low: number, high: number] | undefined;
}

export interface HeadroomOptions {
  /** What 0 is; defaults to "vanilla". */
  readonly floor?: string;
  /** What 1 is; defaults to "clean labels". */
  readonly ceiling?: string;
  /** What the intervals are; defaults to "95 % interval". */
  readonly intervalLabel?: string;
}

/**
 * Share of the headroom that each method closes, (method − vanilla) / (clean − vanilla): a row per method, the best on
 * top, with its interval and each seed as an open point. Vertical lines at 0 and 1.
 *
 * @throws RangeError as `intervals`, and for a method without headroom
 * @example
 * headroomPlot([{ name: "domain table", ofMeans: 0.4, bySeed: [0.3, 0.5, 0.4], interval: [0.15, 0.65] }]);
 */
export function headroomPlot(entries: readonly HeadroomEntry[], options: HeadroomOptions = {}): Figure {
  const { floor = "vanilla", ceiling = "clean labels", intervalLabel = "95 % interval" } = options;
  const rows = entries.map(({ name, group, ofMeans, bySeed, interval }) => {
    if (ofMeans === undefined) {
      throw new RangeError(
        `headroomPlot: "${name}" has no headroom, as ${ceiling} are no better than ${floor}; leave it out`,
      );
    }
    const values = bySeed.filter((share) => share !== undefined);
    return { name, ...(group === undefined ? {} : { group }), value: ofMeans, interval, values };
  });
  const seeds = [...new Set(rows.map(({ values }) => values.length))].sort((a, b) => a - b);
  const note = [
    ...(rows.some(({ interval }) => interval) ? [intervalLabel] : []),
    ...(seeds.some((n) => n > 0)
      ? [`N = ${seeds.length > 1 ? `${seeds[0]}–${seeds.at(-1)}` : seeds[0]} seeds (open)`]
      : []),
  ];
  return intervals(rows, {
    xLabel: "share of headroom closed",
    references: [
      { label: floor, value: 0 },
      { label: ceiling, value: 1 },
    ],
    ...(note.length > 0 ? { note: note.join(", ") } : {}),
  });
}
