import { isObject, type Plain, type PlainObject } from "../plain.js";
import { parseTime } from "./time.js";

/** A value that needs the series of its run, which was not read yet. */
export const PENDING = Symbol("pending");

/** What a run can have at a place; durations are numbers of ms. */
export type Present = Exclude<Plain, null> | Date;
/** undefined: the run has nothing there, or null */
export type Value = Present | undefined | typeof PENDING;
export type Kind = "number" | "text" | "truth" | "time" | "list" | "object";

const PHRASES: Readonly<Record<string, string>> = {
  ...{ number: "a number", text: "a text", truth: "true or false", time: "a time", list: "a list" },
  ...{ object: "a group of values", any: "a value" },
};
export const phrase = (kind: Kind | "any" | "null"): string => PHRASES[kind] ?? kind;

export function kindOf(value: Present): Kind {
  if (typeof value === "number") return "number";
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "truth";
  if (value instanceof Date) return "time";
  return Array.isArray(value) ? "list" : "object";
}

/** The value at a path of nested objects, whose keys may hold dots themselves; undefined where there is none, or null. */
export function lookup(value: Plain | undefined, path: readonly string[]): Exclude<Plain, null> | undefined {
  if (path.length === 0) return value ?? undefined;
  if (value === undefined || !isObject(value)) return undefined;
  for (let n = 1; n <= path.length; n++) {
    const found = lookup(own(value, path.slice(0, n).join(".")), path.slice(n));
    if (found !== undefined) return found;
  }
  return undefined;
}

const own = (object: PlainObject, key: string): Plain | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** NaN equals NaN here, so that `metrics.loss.last = nan` finds the runs that diverged. */
export function equal(a: unknown, b: unknown): boolean {
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (typeof a === "number" && typeof b === "number") return a === b || (Number.isNaN(a) && Number.isNaN(b));
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  return a === b;
}

/** @returns undefined when no item is of the kind in question: the list was meant for something else */
export function holds(list: readonly unknown[], item: Present): boolean | undefined {
  const kind = kindOf(item);
  const alike = (list as readonly (Present | null)[]).filter((entry) => entry !== null && kindOf(entry) === kind);
  if (alike.length === 0 && list.length > 0) return undefined;
  return alike.some((entry) => equal(entry, item));
}

/** Texts, and those in a list, as times where they are. */
export function asTime(value: Value): Value {
  if (typeof value === "string") return parseTime(value) ?? value;
  return Array.isArray(value) ? (value.map((item: Value) => asTime(item)) as unknown as Value) : value;
}
