import { stringify } from "../plain.js";
import { type Kind, kindOf, PENDING, type Present, type Value } from "./values.js";

const RANK: Readonly<Record<Kind, number>> = { number: 0, time: 1, text: 2, truth: 3, list: 4, object: 5 };

/** Order of two values of a sort key: by kind, then by value. What is missing, and NaN, is last in either direction. */
export function compareValues(a: Value, b: Value, descending: boolean): number {
  if (lacks(a) || lacks(b)) return Number(lacks(a)) - Number(lacks(b));
  const [x, y] = [sortable(a), sortable(b)];
  const order = RANK[kindOf(a)] - RANK[kindOf(b)] || (x < y ? -1 : x > y ? 1 : 0);
  return descending ? -order : order;
}

const lacks = (value: Value): value is undefined | typeof PENDING =>
  value === undefined || value === PENDING || (typeof value === "number" && isNaN(value));

const sortable = (value: Present): number | string | boolean | Date =>
  typeof value === "object" && !(value instanceof Date) ? stringify(value) : value;
