import type { ReportCell } from "../types.js";

/** All keys, in order of first appearance. */
export const union = (records: readonly object[]): string[] => [...new Set(records.flatMap((r) => Object.keys(r)))];

/** Not what every object inherits: a parameter may be named "constructor". */
export const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** The paths whose values are not the same in all records; one that a record lacks differs. */
export function differing(records: readonly Readonly<Record<string, ReportCell>>[]): string[] {
  return union(records).filter((path) => {
    const kinds = new Set(records.map((r) => (Object.hasOwn(r, path) ? `${typeof r[path]} ${String(r[path])}` : "")));
    return kinds.size > 1;
  });
}
