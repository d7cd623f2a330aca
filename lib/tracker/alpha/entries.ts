import { ascendingOf } from "../../core/order.js";
import type { TrainSet } from "../../data/types.js";
import { requireRow } from "./rows.js";
import type { AlphaSeries } from "./series.js";

/** The text behind an entry; undefined where there is none. */
export type EntryTexts = (name: string, index: number) => string | undefined;

/** One entry of a weight vector at a step. */
export interface AlphaEntry {
  readonly name: string;
  /** 0 … K − 1 */
  readonly index: number;
  readonly weight: number;
  readonly text?: string;
}

export interface EntriesOptions {
  /** defaults to the last one */
  readonly step?: number;
  readonly texts?: EntryTexts;
}

/**
 * The n heaviest entries, the heaviest first; equal weights in the order of the names.
 *
 * @param options.step   the snapshot at or before it
 * @param options.texts  what each entry stands for, as {@link rowTexts} gives it
 * @throws RangeError for an n that is no count, no snapshot so early, or a weight that is not finite
 * @example topEntries(await record.weights(), 10, { texts: rowTexts(train) })
 */
export function topEntries(series: AlphaSeries, n: number, options: EntriesOptions = {}): AlphaEntry[] {
  return entries(series, n, options, "topEntries", (weight) => -weight);
}

/** The n lightest entries, the lightest first. @throws as {@link topEntries} */
export function bottomEntries(series: AlphaSeries, n: number, options: EntriesOptions = {}): AlphaEntry[] {
  return entries(series, n, options, "bottomEntries", (weight) => weight);
}

function entries(
  series: AlphaSeries,
  n: number,
  { step = series.steps[series.steps.length - 1], texts }: EntriesOptions,
  what: string,
  key: (weight: number) => number,
): AlphaEntry[] {
  requireCount(n, what);
  const row = requireRow(series, step, what);
  return Array.from(ascendingOf(row.map(key)).order.subarray(0, n), (index) => ({
    ...named(series, index, texts),
    weight: row[index],
  }));
}

export function named({ names }: AlphaSeries, index: number, texts?: EntryTexts): Omit<AlphaEntry, "weight"> {
  const text = texts?.(names[index], index);
  return { name: names[index], index, ...(text !== undefined && { text }) };
}

export function requireCount(n: number, what: string): void {
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`${what}: n is ${n}; give a number of entries`);
}

/**
 * The question and the step of each training row, by its id; where the entries are numbered "0" … "N − 1", by its number.
 * Of a weight per solution it is the solution's first step.
 */
export function rowTexts({ samples }: TrainSet): EntryTexts {
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  return (name, index) => {
    const sample = byId.get(name) ?? (name === `${index}` ? samples[index] : undefined);
    return sample && `${sample.question}\n${sample.steps[sample.steps.length - 1]}`;
  };
}
