/** Parsers of option values: each says what it wants when it gets something else. */
import { InvalidArgumentError } from "commander";

function checked(what: string, ok: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (!Number.isFinite(value) || !ok(value)) throw new InvalidArgumentError(`It must be ${what}.`);
    return value;
  };
}
export const positive = checked("a number above 0", (v) => v > 0);
export const notNegative = checked("a number of at least 0", (v) => v >= 0);
export const integer = checked("a whole number", Number.isInteger);
export const positiveInteger = checked("a whole number of at least 1", (v) => Number.isInteger(v) && v >= 1);
export const wholeNotNegative = checked("a whole number of at least 0", (v) => v >= 0 && Number.isInteger(v));
export const share = checked("a number above 0, at most 1", (v) => v > 0 && v <= 1);
export const anyNumber = checked("a number", () => true);
export const integers = (text: string) => text.split(",").map(integer);

export function range(text: string): [number, number] {
  const [min, max, ...rest] = text.split(",").map(anyNumber);
  if (max === undefined || rest.length > 0 || min >= max) {
    throw new InvalidArgumentError("It must be two numbers, the smaller first, such as 0,2.");
  }
  return [min, max];
}

export function list<T extends string>(allowed: readonly T[]): (text: string) => T[] {
  return (text) =>
    text.split(",").map((item) => {
      const found = allowed.find((name) => name === item.trim());
      if (found === undefined) throw new InvalidArgumentError(`"${item}" is not one of ${allowed.join(", ")}.`);
      return found;
    });
}
